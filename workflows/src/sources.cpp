#include "sources.hpp"

#include "field_types.hpp"
#include "scalar.hpp"
#include "utf8.hpp"

#include <fmt/format.h>

#include <utility>

namespace enough {

Sources Sources::beside() const {
    Sources other(*files_);
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
    FileText file = files_->read(resolved(name.mark(), *path), limit, FileKinds::regular);
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
