#include "loading.hpp"

#include "field_types.hpp"
#include "scalar.hpp"
#include "suggest.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace enough {

Names names_of_section(const Node& root, std::string_view section, std::string kind, bool complete) {
    Names result{std::move(kind), {}, complete};
    const Node* node = root.find(section);
    if (node == nullptr) return result;
    if (node->kind != NodeKind::map) result.complete = false;
    for (const Node::Entry& entry : node->entries)
        if (!is_extension(entry.key)) result.names.push_back(entry.key);
    return result;
}

void report_unknown_name(const Value& where, const Names& known, const std::string& name) {
    if (!known.complete) return;
    const bool from_variable = where.is_scalar() && !where.node().variable.empty();
    std::string message =
        fmt::format("unknown {} {}", known.kind, from_variable ? shown(where.node()) : in_quotes(name));
    const std::string meant = from_variable ? "" : did_you_mean(name, known.names);
    if (known.names.empty())
        message += fmt::format("; no {}s are defined", known.kind);
    else
        message += meant.empty() ? fmt::format("; defined are: {}", fmt::join(known.names, ", ")) : meant;
    where.error(std::move(message));
}

namespace type {

std::optional<std::string> Reference::operator()(const Value& value) const {
    auto name = Text{}(value);
    if (!name) return std::nullopt;
    if (std::find(known.names.begin(), known.names.end(), *name) != known.names.end()) return name;
    report_unknown_name(value, known, *name);
    return std::nullopt;
}

std::optional<std::string> TextOrFile::operator()(const Value& value) const {
    if (value.is_scalar()) return Text{}(value);
    if (!value.is_map()) return value.expected("text or {file: PATH}");
    Fields fields(value);
    fields.require("file");
    const auto file = fields.take("file");
    fields.finish();
    return file ? sources.read_text(*file) : std::nullopt;
}

}  // namespace type
}  // namespace enough
