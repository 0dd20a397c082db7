#pragma once

#include <enough/workflows/load.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace enough {

/// A folder below tests/workflows/files.
inline std::filesystem::path workflow_files(const std::string& folder) {
    return std::filesystem::path(ENOUGH_TESTS_DIR) / "workflows" / "files" / folder;
}

/// The workflow files in it, in the order of their names.
inline std::vector<std::filesystem::path> yaml_files(const std::string& folder) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(workflow_files(folder)))
        if (entry.path().extension() == ".yaml") files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    return files;
}

inline std::string contents(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

/// An environment with these variables alone.
inline Environment variables(std::map<std::string, std::string> values) {
    return [values = std::move(values)](const std::string& name) -> std::optional<std::string> {
        const auto it = values.find(name);
        return it == values.end() ? std::nullopt : std::optional(it->second);
    };
}

/// What the files in bad-yaml count on.
inline Environment test_environment() {
    return variables({{"TEXT", "hello"},
                      {"NUMBER", "12"},
                      {"SHARE", "7"},
                      {"EMPTY", ""},
                      {"OPEN", "x"},
                      {"SECRET", "s3cret-value"}});
}

}  // namespace enough
