#include "expression_node.hpp"

#include <charconv>
#include <system_error>

namespace enough {
namespace {

std::optional<long long> read_index(std::string_view text) {
    long long value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

}  // namespace

void Reference::add_name(std::string_view name) {
    add(name, true);
    segments_.back().index = read_index(name);
}

void Reference::add_key(std::string_view key) {
    add(key, false);
}

void Reference::add_index(std::string_view index) {
    add(index, false);
    segments_.back().index = read_index(index);
}

void Reference::add(std::string_view name, bool dotted) {
    if (!segments_.empty()) {
        segments_.back().joins_next = dotted && last_dotted_;
        joined_ += '.';
    }
    const std::size_t begin = joined_.size();
    joined_ += name;
    segments_.push_back({begin, joined_.size(), false, std::nullopt});
    path_.emplace_back(name);
    last_dotted_ = dotted;
}

const nlohmann::json* Reference::find(const nlohmann::json& root) const {
    const nlohmann::json* value = &root;
    std::size_t at = 0;
    while (value && at < segments_.size()) {
        if (value->is_object())
            value = member(*value, at);
        else if (value->is_array())
            value = element(*value, segments_[at++]);
        else
            value = nullptr;
    }
    return value;
}

const nlohmann::json* Reference::member(const nlohmann::json& object, std::size_t& at) const {
    std::size_t last = at;
    while (segments_[last].joins_next)
        ++last;
    const std::string_view joined = joined_;
    for (std::size_t end = last + 1; end > at; --end) {
        const std::size_t begin = segments_[at].begin;
        const auto found = object.find(joined.substr(begin, segments_[end - 1].end - begin));
        if (found == object.end()) continue;
        at = end;
        return &*found;
    }
    return nullptr;
}

const nlohmann::json* Reference::element(const nlohmann::json& list, const Segment& segment) const {
    if (!segment.index) return nullptr;
    const auto size = static_cast<long long>(list.size());
    const long long index = *segment.index < 0 ? *segment.index + size : *segment.index;
    if (index < 0 || index >= size) return nullptr;
    return &list[static_cast<std::size_t>(index)];
}

}  // namespace enough
