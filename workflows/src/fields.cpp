#include "fields.hpp"

#include "scalar.hpp"
#include "suggest.hpp"
#include "utf8.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>

namespace enough {

Value Value::at(const Node::Entry& entry) const {
    const std::string key = utf8_shortened(entry.key, 60);
    return {entry.value, path_.empty() ? key : path_ + "." + key, *problems_};
}

Value Value::at(std::size_t index) const {
    return {node_->items.at(index), fmt::format("{}[{}]", path_, index), *problems_};
}

Value Value::at(std::string_view key) const {
    for (const Node::Entry& entry : node_->entries)
        if (entry.key == key) return at(entry);
    throw std::out_of_range("no such key");
}

void Value::error(std::string message) const {
    if (!node_->broken && !node_->unset) problems_->error(mark(), path_, std::move(message));
}

void Value::warning(std::string message) const {
    problems_->warning(mark(), path_, std::move(message));
}

std::nullopt_t Value::expected(std::string_view what) const {
    error(fmt::format("expected {}, found {}", what, describe(*node_)));
    return std::nullopt;
}

Fields::Fields(Value map) : map_(std::move(map)), errors_before_(map_.problems().errors()) {
    if (!map_.is_map()) map_.expected("a map");
}

std::optional<Value> Fields::take(std::string_view key) {
    if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.emplace_back(key);
    if (!usable()) return std::nullopt;
    for (const Node::Entry& entry : map_.node().entries)
        if (entry.key == key) return map_.at(entry);
    return std::nullopt;
}

bool Fields::has(std::string_view key) const {
    return usable() && map_.node().find(key) != nullptr;
}

void Fields::require(std::string_view key) {
    if (usable() && !has(key) && !map_.node().incomplete) map_.error(fmt::format("key '{}' is missing", key));
}

void Fields::hint(std::string_view key, std::string message) {
    hints_.emplace(key, std::move(message));
}

void Fields::finish() const {
    if (!usable()) return;
    for (const Node::Entry& entry : map_.node().entries) {
        if (map_.problems().error_at(entry.mark)) continue;
        if (is_extension(entry.key) || std::find(known_.begin(), known_.end(), entry.key) != known_.end()) continue;
        std::string message = "unknown key " + in_quotes(entry.key);
        if (const auto hint = hints_.find(entry.key); hint != hints_.end()) {
            message += "; " + hint->second;
        } else if (const std::string meant = did_you_mean(entry.key, known_); !meant.empty()) {
            message += meant;
        } else {
            message += fmt::format("; known here: {}", fmt::join(known_, ", "));
        }
        map_.problems().error(entry.mark, map_.at(entry).path(), std::move(message));
    }
}

bool check_name(const Value& map, const Node::Entry& entry) {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    const auto part = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '-'; };
    const std::string& name = entry.key;
    if (!name.empty() && letter(name[0]) && std::all_of(name.begin(), name.end(), part)) return true;
    map.problems().error(
        entry.mark, map.at(entry).path(),
        fmt::format("{} is no name; use letters, digits, '_', '.' and '-', beginning with a letter", in_quotes(name)));
    return false;
}

}  // namespace enough
