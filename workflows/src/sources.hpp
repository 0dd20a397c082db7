#pragma once

#include "fields.hpp"
#include "file_source.hpp"
#include "yaml_tree.hpp"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace enough {

/// The files a workflow is made of.
class Sources {
public:
    /// `files` must outlive this.
    explicit Sources(FileSource& files) : files_(&files) {}

    /// Those of another workflow of the same load: numbered on from here, without texts.
    Sources beside() const;

    /// Registers a file in the order of reading.
    std::shared_ptr<const SourceFile> add(std::string name, std::filesystem::path directory);

    /// The text of the file that `name` names, relative to the file where the name stands. Faults are reported.
    std::optional<std::string> read_text(const Value& name, std::size_t limit = 1 << 20);

    /// What `read_text` gave so far.
    const std::vector<std::string>& texts() const { return texts_; }

private:
    FileSource* files_;
    std::shared_ptr<int> count_ = std::make_shared<int>(0);
    std::vector<std::string> texts_;
};

/// `path`, relative to the file where it stands.
std::filesystem::path resolved(const Mark& mark, const std::string& path);

}  // namespace enough
