#include "expression_reader.hpp"

#include "scalar.hpp"
#include "secrets.hpp"
#include "shared_load.hpp"
#include "suggest.hpp"

#include <enough/workflows/expression_error.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace enough {
namespace {

using Words = std::vector<std::string>;

void report_fault(const Value& where, const ExpressionError& fault) {
    where.error(fmt::format("{} (at character {} of the text)", fault.what(), fault.offset() + 1));
}

/// Parses; null if it can't be.
template <class Parsed>
std::optional<Parsed> parse(const Value& where, const std::string& text) {
    try {
        return Parsed::parse(text);
    } catch (const ExpressionError& fault) {
        report_fault(where, fault);
        return std::nullopt;
    }
}

void report_unknown_root(const Value& where, const std::string& name, const Words& known) {
    const std::string meant = did_you_mean(name, known);
    where.error(fmt::format("unknown name {} in an expression{}", in_quotes(name),
                            meant.empty() ? fmt::format("; known are: {}", fmt::join(known, ", ")) : meant));
}

}  // namespace

std::optional<Template> ExpressionReader::read_template(const Value& where, const std::string& text) {
    auto parsed = parse<Template>(where, text);
    if (parsed) check(parsed->paths(), where);
    return parsed;
}

std::optional<Expression> ExpressionReader::read_expression(const Value& where, const std::string& text) {
    auto parsed = parse<Expression>(where, text);
    if (parsed) check(parsed->paths(), where);
    return parsed;
}

Words ExpressionReader::roots() const {
    bool items = false;
    const StepScope* loop = nullptr;  // the innermost
    for (const StepScope* scope = &scope_; scope != nullptr; scope = scope->outer) {
        items = items || scope->items;
        if (loop == nullptr && scope->passes) loop = scope;
    }
    Words words{"inputs", "steps"};
    if (items) words.insert(words.end(), {"item", "index"});
    if (loop != nullptr) words.emplace_back("iteration");
    if (loop != nullptr && loop->previous) words.emplace_back("previous");
    return words;
}

void ExpressionReader::check(const std::vector<Path>& paths, const Value& where) {
    for (const Path& path : paths) {
        if (path.empty()) continue;
        if (path[0] == "secrets") {
            where.error(secret_out_of_place);
        } else if (path[0] != "inputs" && path[0] != "steps") {
            if (!check_of_loop(path, where)) report_unknown_root(where, path[0], roots());
        } else if (path.size() < 2) {
            where.error(fmt::format("'{0}' alone has no value; write {0}.NAME", path[0]));
        } else if (path[0] == "inputs") {
            check_input(path, where);
        } else {
            check_step(path, where);
        }
    }
}

/// `item`, `index`, `iteration` and `previous`. False: it is none of these.
bool ExpressionReader::check_of_loop(const Path& path, const Value& where) const {
    const std::string& root = path[0];
    const bool of_items = root == "item" || root == "index";
    if (!of_items && root != "iteration" && root != "previous") return false;
    const Words known = roots();
    if (std::find(known.begin(), known.end(), root) == known.end()) {
        where.error(fmt::format("'{}' has a value inside '{}' only", root, of_items ? "for_each" : "loop"));
    } else if (root == "previous") {
        const StepScope* loop = &scope_;
        while (!loop->passes)
            loop = loop->outer;
        if (path.size() > 1) check_step_field(path, 1, loop->kinds.back(), where);
    } else if (root != "item" && path.size() > 1) {
        where.error(fmt::format("{}: '{}' has no fields", fmt::join(path, "."), root));
    }
    return true;
}

void ExpressionReader::check_input(const Path& path, const Value& where) const {
    const Names& inputs = loading_.inputs;
    if (std::find(inputs.names.begin(), inputs.names.end(), path[1]) == inputs.names.end())
        return report_unknown_name(where, inputs, path[1]);
    if (path.size() <= 2) return;
    for (const auto& [name, input] : loading_.workflow.inputs)
        if (name == path[1] && (input.type == InputType::list || input.type == InputType::object)) return;
    where.error(fmt::format("{}: input '{}' has no fields", fmt::join(path, "."), path[1]));
}

void ExpressionReader::check_step(const Path& path, const Value& where) {
    for (StepScope* scope = &scope_; scope != nullptr; scope = scope->outer) {
        const auto found = scope->position(path[1]);
        if (!found) continue;
        if (scope != &scope_ && *found == scope->at)
            where.error(fmt::format("step {} is not done yet: this stands inside it", in_quotes(path[1])));
        else if (check_earlier(where, in_quotes(path[1]), *found, scope->at))
            scope->used.insert(*found);
        return check_step_field(path, 2, scope->kinds[*found], where);
    }
    const auto site = loading_.sites->by_id.find(path[1]);
    const bool each = site != loading_.sites->by_id.end() && site->second.around == "for_each";
    report_unseen_step(where, path[1], scope_.in_sight(), scope_, *loading_.sites,
                       each ? "use steps.{}.items" : "use steps.{}.output");
}

std::optional<Template> read_closed_template(const Value& where, const std::string& text,
                                             std::span<const std::string_view> names) {
    auto parsed = parse<Template>(where, text);
    if (!parsed) return std::nullopt;
    const Words known(names.begin(), names.end());
    for (const Path& path : parsed->paths()) {
        if (path.empty()) continue;
        if (std::find(known.begin(), known.end(), path[0]) == known.end())
            report_unknown_root(where, path[0], known);
        else if (path.size() > 1)
            where.error(fmt::format("{}: '{}' has no fields", fmt::join(path, "."), path[0]));
    }
    return parsed;
}

}  // namespace enough
