#include "expression_reader.hpp"
#include "scalar.hpp"
#include "suggest.hpp"

#include <enough/policies/signal.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <vector>

namespace enough {
namespace {

using Words = std::vector<std::string>;

const Words usage_fields{"input_tokens", "cached_input_tokens", "output_tokens", "usd"};
const Words panel_fields{"agreement", "share", "answers"};
const Words item_fields{"status", "text", "answer", "output", "error"};

bool contains(const Words& words, const std::string& word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

std::string hinted(const std::string& word, const Words& known) {
    const std::string meant = did_you_mean(word, known);
    return meant.empty() ? fmt::format("; known are: {}", fmt::join(known, ", ")) : meant;
}

std::string joined(const Path& path, std::size_t from = 0) {
    return fmt::format("{}", fmt::join(path.begin() + static_cast<std::ptrdiff_t>(from), path.end(), "."));
}

/// The fields of a step of this kind; those that any step might have where `any`.
Words fields_of(StepKind kind) {
    Words words{"text", "answer", "status", "agent", "output", "calls", "signals", "usage", "error"};
    if (kind == StepKind::for_each) words.emplace_back("items");
    if (kind == StepKind::loop) words.emplace_back("iterations");
    if (kind == StepKind::asked || kind == StepKind::loop) words.emplace_back("panel");
    return words;
}

Words signal_names() {
    Words words;
    for (const Signal signal : all_signals)
        words.emplace_back(name(signal));
    return words;
}

/// `signals.NAME`, `usage.FIELD`, `panel.FIELD`.
void check_group(const Path& path, std::size_t at, const Words& known, const Value& where) {
    const std::string rest = joined(path, at + 1);
    if (rest.empty())
        where.error(fmt::format("{}: which of it? known are: {}", joined(path), fmt::join(known, ", ")));
    else if (!contains(known, rest))
        where.error(fmt::format("unknown field {} of {}{}", in_quotes(rest), path[at], hinted(rest, known)));
}

bool is_index(const std::string& word) {
    const std::size_t first = !word.empty() && word[0] == '-' ? 1 : 0;
    return word.size() > first && word.find_first_not_of("0123456789", first) == std::string::npos;
}

/// `items`, `items[0]`, `items[0].FIELD`.
void check_items(const Path& path, std::size_t at, const Value& where) {
    if (path.size() == at + 1) return;
    if (!is_index(path[at + 1]))
        return where.error(fmt::format("{}: 'items' is a list; write items[0].{}", joined(path), joined(path, at + 1)));
    if (path.size() == at + 2) return;
    if (!contains(item_fields, path[at + 2]))
        where.error(
            fmt::format("unknown field {} of an item{}", in_quotes(path[at + 2]), hinted(path[at + 2], item_fields)));
    else if (path.size() > at + 3)
        where.error(fmt::format("{}: '{}' has no fields", joined(path), path[at + 2]));
}

/// Fields that steps of other kinds have.
bool report_other_kind(const std::string& field, const Value& where) {
    if (field == "items") {
        where.error("only a step with 'for_each' has 'items'");
    } else if (field == "iterations") {
        where.error("only a step with 'loop' has 'iterations'");
    } else if (field == "panel") {
        where.error("only a step that asks agents has 'panel'");
    } else {
        return false;
    }
    return true;
}

}  // namespace

void check_step_field(const Path& path, std::size_t from, StepKind kind, const Value& where) {
    const Words known = fields_of(kind);
    if (path.size() <= from)
        return where.error(
            fmt::format("{}: which field of the step? known are: {}", joined(path), fmt::join(known, ", ")));
    const std::string& field = path[from];
    if (!contains(known, field)) {
        if (report_other_kind(field, where)) return;
        return where.error(fmt::format("unknown field {} of a step{}", in_quotes(field), hinted(field, known)));
    }
    if (field == "signals") return check_group(path, from, signal_names(), where);
    if (field == "usage") return check_group(path, from, usage_fields, where);
    if (field == "panel") return check_group(path, from, panel_fields, where);
    if (field == "items") return check_items(path, from, where);
    if (path.size() > from + 1) where.error(fmt::format("{}: '{}' has no fields", joined(path), field));
}

}  // namespace enough
