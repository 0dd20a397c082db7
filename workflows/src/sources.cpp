#include "sources.hpp"

#include "field_types.hpp"
#include "scalar.hpp"
#include "utf8.hpp"

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

Sources Sources::beside() const {
    Sources other;
    other.count_ = count_;
    return other;
}

std::shared_ptr<const SourceFile> Sources::add(std::string name, std::filesystem::path directory) {
    auto source = std::make_shared<SourceFile>();
    source->name = std::move(name);
    source->directory = std::move(directory);
    source->order = (*count_)++;
    return source;
}

std::optional<std::string> Sources::read_text(const Value& name, std::size_t limit) {
    const auto path = type::Text{}(name);
    if (!path) return std::nullopt;
    FileText file = read_file(resolved(name.mark(), *path), limit, FileKinds::regular);
    if (file.text && invalid_utf8(*file.text)) file = {std::nullopt, "it is not UTF-8"};
    if (!file.text) {
        name.error(fmt::format("file {}: {}", shown(name.node()), file.fault));
        return std::nullopt;
    }
    texts_.push_back(*file.text);
    return file.text;
}

std::filesystem::path resolved(const Mark& mark, const std::string& path) {
    return mark.source ? (mark.source->directory / path).lexically_normal() : std::filesystem::path(path);
}

}  // namespace enough
