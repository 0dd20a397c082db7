#pragma once

#include "fields.hpp"
#include "yaml_tree.hpp"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace enough {

/// A file's bytes, or why they can't be had.
struct FileText {
    std::optional<std::string> text;
    std::string fault;
};

enum class FileKinds { regular, any };  ///< `any`: also pipes, such as a shell's `<(…)`

/// Reads at most `limit` bytes; a larger file is a fault.
FileText read_file(const std::filesystem::path& path, std::size_t limit, FileKinds kinds);

/// The files a workflow is made of.
class Sources {
public:
    /// Those of another workflow of the same load: numbered on from here, without texts.
    Sources beside() const;

    /// Registers a file in the order of reading.
    std::shared_ptr<const SourceFile> add(std::string name, std::filesystem::path directory);

    /// The text of the file that `name` names, relative to the file where the name stands. Faults are reported.
    std::optional<std::string> read_text(const Value& name, std::size_t limit = 1 << 20);

    /// What `read_text` gave so far.
    const std::vector<std::string>& texts() const { return texts_; }

private:
    std::shared_ptr<int> count_ = std::make_shared<int>(0);
    std::vector<std::string> texts_;
};

/// `path`, relative to the file where it stands.
std::filesystem::path resolved(const Mark& mark, const std::string& path);

}  // namespace enough
