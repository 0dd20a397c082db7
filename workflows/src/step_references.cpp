#include "step_references.hpp"

#include "scalar.hpp"
#include "suggest.hpp"

#include <enough/policies/signal.hpp>
#include <enough/workflows/expression_error.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace enough {
namespace {

using Words = std::vector<std::string>;

const Words roots{"inputs", "steps"};
const Words step_fields{"text", "answer", "status", "agent", "output", "calls", "signals", "usage", "error"};
const Words usage_fields{"input_tokens", "cached_input_tokens", "output_tokens", "usd"};

bool contains(const Words& words, const std::string& word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

std::string joined(const Path& path, std::size_t from = 0) {
    return fmt::format("{}", fmt::join(path.begin() + static_cast<std::ptrdiff_t>(from), path.end(), "."));
}

std::string hinted(const std::string& word, const Words& known) {
    const std::string meant = did_you_mean(word, known);
    return meant.empty() ? fmt::format("; known are: {}", fmt::join(known, ", ")) : meant;
}

Words signal_names() {
    Words words;
    for (const Signal signal : all_signals)
        words.emplace_back(name(signal));
    return words;
}

/// Checks what follows `steps.ID`.
void check_field(const Path& path, const Value& where) {
    if (path.size() < 3)
        return where.error(
            fmt::format("{}: which field of the step? known are: {}", joined(path), fmt::join(step_fields, ", ")));
    const std::string& field = path[2];
    if (!contains(step_fields, field))
        return where.error(fmt::format("unknown field {} of a step{}", in_quotes(field), hinted(field, step_fields)));
    const std::string rest = joined(path, 3);
    if (field == "signals" || field == "usage") {
        const Words known = field == "usage" ? usage_fields : signal_names();
        if (rest.empty())
            where.error(fmt::format("{}: which of it? known are: {}", joined(path), fmt::join(known, ", ")));
        else if (!contains(known, rest))
            where.error(fmt::format("unknown field {} of {}{}", in_quotes(rest), field, hinted(rest, known)));
    } else if (!rest.empty()) {
        where.error(fmt::format("{}: '{}' has no fields", joined(path), field));
    }
}

void report_fault(const Value& where, const ExpressionError& fault) {
    where.error(fmt::format("{} (at character {} of the text)", fault.what(), fault.offset() + 1));
}

}  // namespace

std::optional<std::size_t> StepNames::position(const std::string& id) const {
    const auto it = std::find(ids.names.begin(), ids.names.end(), id);
    return it == ids.names.end() || id.empty() ? std::nullopt : std::optional<std::size_t>(it - ids.names.begin());
}

bool check_earlier(const Value& where, const std::string& id_shown, std::size_t found, std::size_t at) {
    if (found < at) return true;
    if (found == at)
        where.error(fmt::format("step {} refers to itself", id_shown));
    else
        where.error(fmt::format("step {} comes later in the file; a step can only use steps before it", id_shown));
    return false;
}

std::optional<Template> ExpressionReader::read_template(const Value& where, const std::string& text) {
    try {
        Template parsed = Template::parse(text);
        check(parsed.paths(), where);
        return parsed;
    } catch (const ExpressionError& fault) {
        report_fault(where, fault);
        return std::nullopt;
    }
}

std::optional<Expression> ExpressionReader::read_expression(const Value& where, const std::string& text) {
    try {
        Expression parsed = Expression::parse(text);
        check(parsed.paths(), where);
        return parsed;
    } catch (const ExpressionError& fault) {
        report_fault(where, fault);
        return std::nullopt;
    }
}

void ExpressionReader::check(const std::vector<Path>& paths, const Value& where) {
    for (const Path& path : paths) {
        if (path.empty()) continue;
        if (path[0] == "secrets") {
            where.error("'secrets' are not supported by this version");
        } else if (!contains(roots, path[0])) {
            where.error(fmt::format("unknown name {} in an expression{}", in_quotes(path[0]), hinted(path[0], roots)));
        } else if (path.size() < 2) {
            where.error(fmt::format("'{0}' alone has no value; write {0}.NAME", path[0]));
        } else if (path[0] == "inputs") {
            check_input(path, where);
        } else {
            check_step(path, where);
        }
    }
}

void ExpressionReader::check_input(const Path& path, const Value& where) const {
    if (!contains(names_.inputs.names, path[1]))
        report_unknown_name(where, names_.inputs, path[1]);
    else if (path.size() > 2)
        where.error(fmt::format("{}: input '{}' has no fields", joined(path), path[1]));
}

void ExpressionReader::check_step(const Path& path, const Value& where) {
    const auto found = names_.position(path[1]);
    if (!found) return report_unknown_name(where, names_.ids, path[1]);
    if (check_earlier(where, in_quotes(path[1]), *found, at_)) used_.insert(*found);
    check_field(path, where);
}

}  // namespace enough
