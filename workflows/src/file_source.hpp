#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>

namespace enough {

/// A file's bytes, or why they can't be had.
struct FileText {
    std::optional<std::string> text;
    std::string fault;
};

enum class FileKinds { regular, any };  ///< `any`: also pipes, such as a shell's `<(…)`

/// Reads at most `limit` bytes; a larger file is a fault.
FileText read_file(const std::filesystem::path& path, std::size_t limit, FileKinds kinds);

/// Where the files come from that a workflow is made of.
class FileSource {
public:
    FileSource() = default;
    virtual ~FileSource() = default;
    FileSource(const FileSource&) = delete;
    FileSource& operator=(const FileSource&) = delete;

    /// As `read_file`.
    virtual FileText read(const std::filesystem::path& path, std::size_t limit, FileKinds kinds) = 0;

    /// A file that holds a secret: always of this machine.
    virtual FileText read_secret(const std::filesystem::path& path, std::size_t limit) = 0;

    /// The same for two names of one file, whether or not there is one.
    virtual std::filesystem::path key(const std::filesystem::path& path) = 0;
};

/// The disk of this machine.
class Disk : public FileSource {
public:
    Disk() = default;
    /// Relative paths are relative to `directory`.
    explicit Disk(std::filesystem::path directory) : directory_(std::move(directory)) {}

    FileText read(const std::filesystem::path& path, std::size_t limit, FileKinds kinds) override;
    FileText read_secret(const std::filesystem::path& path, std::size_t limit) override;
    std::filesystem::path key(const std::filesystem::path& path) override;

private:
    std::filesystem::path directory_;
};

}  // namespace enough
