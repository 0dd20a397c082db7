#include "whole_file.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>
#include <system_error>

namespace enough::cli {

void write_whole_file(const std::filesystem::path& file, std::string_view content) {
    const std::filesystem::path beside = file.string() + ".part";
    std::error_code fault;
    if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path(), fault);
    {
        std::ofstream out(beside, std::ios::binary | std::ios::trunc);
        out.write(content.data(), static_cast<std::streamsize>(content.size()));
        out.flush();
        if (!out) {
            out.close();
            std::filesystem::remove(beside, fault);
            throw std::runtime_error(fmt::format("cannot write {}", file.string()));
        }
    }
    std::filesystem::rename(beside, file, fault);
    if (!fault) return;
    const std::string why = fault.message();
    std::filesystem::remove(beside, fault);
    throw std::runtime_error(fmt::format("cannot write {}: {}", file.string(), why));
}

void check_output(const std::filesystem::path& file) {
    std::error_code fault;
    if (file.filename().empty() || file.filename() == "." || file.filename() == ".." ||
        std::filesystem::is_directory(file, fault))
        throw std::invalid_argument(fmt::format("{} is a folder: name a file", file.string()));
    if (file.has_parent_path()) check_output_folder(file.parent_path());
}

void check_output_folder(const std::filesystem::path& folder) {
    std::error_code fault;
    std::filesystem::create_directories(folder, fault);
    if (!std::filesystem::is_directory(folder) || access(folder.c_str(), W_OK | X_OK) != 0)
        throw std::invalid_argument(fmt::format("cannot write into the folder {}", folder.string()));
}

}  // namespace enough::cli
