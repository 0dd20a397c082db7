#include "file_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <system_error>
#include <utility>

namespace enough {

FileText read_file(const std::filesystem::path& path, std::size_t limit, FileKinds kinds) {
    std::error_code fault;
    const auto status = std::filesystem::status(path, fault);
    if (!std::filesystem::exists(status)) return {std::nullopt, "there is no such file"};
    if (std::filesystem::is_directory(status)) return {std::nullopt, "it is a directory"};
    if (kinds == FileKinds::regular && !std::filesystem::is_regular_file(status))
        return {std::nullopt, "it is no regular file"};
    std::ifstream stream(path, std::ios::binary);
    if (!stream) return {std::nullopt, "it can't be opened: " + std::generic_category().message(errno)};
    std::string text;
    while (stream && text.size() <= limit) {  // not at once: the limit is far larger than most files
        constexpr std::size_t piece = 64 << 10;
        const std::size_t before = text.size();
        text.resize(before + std::min(piece, limit + 1 - before));
        stream.read(text.data() + before, static_cast<std::streamsize>(text.size() - before));
        text.resize(before + static_cast<std::size_t>(stream.gcount()));
    }
    if (stream.bad()) return {std::nullopt, "it can't be read"};
    if (text.size() > limit) return {std::nullopt, fmt::format("it is larger than {} bytes", limit)};
    return {std::move(text), {}};
}

FileText Disk::read(const std::filesystem::path& path, std::size_t limit, FileKinds kinds) {
    return read_file(directory_ / path, limit, kinds);
}

FileText Disk::read_secret(const std::filesystem::path& path, std::size_t limit) {
    return read_file(directory_ / path, limit, FileKinds::regular);
}

std::filesystem::path Disk::key(const std::filesystem::path& path) {
    std::error_code fault;
    return std::filesystem::weakly_canonical(directory_ / path, fault);
}

}  // namespace enough
