#include "step_scope.hpp"

#include "field_types.hpp"
#include "scalar.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace enough {
namespace {

class Finder {
public:
    explicit Finder(StepSites& sites) : sites_(sites) {}

    void list(const Value& steps, const StepSites::Site& site) {
        if (!steps.is_list()) return;
        Names ids{"step", {}, true};
        for (std::size_t i = 0; i < steps.node().items.size(); ++i)
            ids.names.push_back(id_of(steps.at(i), site));
        ids.complete = std::find(ids.names.begin(), ids.names.end(), "") == ids.names.end();
        sites_.ids_of.emplace(&steps.node(), ids);
        for (std::size_t i = 0; i < ids.names.size(); ++i)
            if (steps.at(i).is_map()) inner(steps.at(i), ids.names[i]);
    }

private:
    std::string id_of(const Value& step, const StepSites::Site& site) {
        const Node* node = step.is_map() ? step.node().find("id") : nullptr;
        if (node == nullptr) return {};
        const Value value = step.at("id");
        std::string id = type::Text{}(value).value_or("");
        if (id.empty()) return id;
        if (!is_identifier(id))
            value.error(fmt::format("{} is no step id; use letters, digits and '_'", shown(*node)));
        else if (!sites_.by_id.emplace(id, site).second)
            value.error(fmt::format("there is a step {} already", shown(*node)));
        return id;
    }

    void inner(const Value& step, const std::string& id) {
        if (const Node* steps = step.node().find("steps"); steps != nullptr)
            list(step.at("steps"), {id, step.node().find("loop") != nullptr ? "loop" : "for_each"});
        if (const Node* cases = step.node().find("switch"); cases != nullptr && cases->kind == NodeKind::list) {
            const Value value = step.at("switch");
            for (std::size_t i = 0; i < cases->items.size(); ++i)
                if (value.at(i).is_map() && cases->items[i].find("steps") != nullptr)
                    list(value.at(i).at("steps"), {id, "switch"});
        }
    }

    StepSites& sites_;
};

}  // namespace

StepKind body_kind(const Node& step) {
    const bool asked = step.find("agent") != nullptr || step.find("ladder") != nullptr || step.find("panel") != nullptr;
    return asked ? StepKind::asked : StepKind::other;
}

StepKind step_kind(const Node& step) {
    if (step.find("for_each") != nullptr) return StepKind::for_each;
    if (step.find("loop") != nullptr) return StepKind::loop;
    return body_kind(step);
}

StepSites find_steps(const Value& steps) {
    StepSites sites;
    Finder(sites).list(steps, {});
    return sites;
}

std::optional<std::size_t> StepScope::position(const std::string& id) const {
    const auto it = std::find(ids.names.begin(), ids.names.end(), id);
    return it == ids.names.end() || id.empty() ? std::nullopt : std::optional<std::size_t>(it - ids.names.begin());
}

bool StepScope::inside(const std::string& id) const {
    for (const StepScope* around = outer; around != nullptr; around = around->outer)
        if (around->position(id) == around->at) return true;
    return false;
}

Names StepScope::in_sight() const {
    Names seen = ids;
    for (const StepScope* around = outer; around != nullptr; around = around->outer) {
        const auto& names = around->ids.names;
        seen.names.insert(seen.names.end(), names.begin(), names.begin() + static_cast<std::ptrdiff_t>(around->at));
        seen.complete = seen.complete && around->ids.complete;
    }
    return seen;
}

StepScope scope_of(const Value& list, const StepSites& sites, StepScope* outer) {
    std::vector<StepKind> kinds;
    for (const Node& step : list.node().items)
        kinds.push_back(step_kind(step));
    return {sites.ids_of.at(&list.node()), std::move(kinds), outer};
}

bool check_earlier(const Value& where, const std::string& id_shown, std::size_t found, std::size_t at) {
    if (found < at) return true;
    if (found == at)
        where.error(fmt::format("step {} refers to itself", id_shown));
    else
        where.error(fmt::format("step {} comes later in the file; a step can only use steps before it", id_shown));
    return false;
}

void report_unseen_step(const Value& where, const std::string& id, const Names& known, const StepScope& scope,
                        const StepSites& sites, std::string_view instead) {
    const auto site = sites.by_id.find(id);
    if (site == sites.by_id.end()) return report_unknown_name(where, known, id);
    const std::string& around = site->second.inside;
    const bool variable = where.is_scalar() && !where.node().variable.empty();
    const std::string named = variable ? shown(where.node()) : in_quotes(id);
    if (around.empty() || scope.inside(id))
        where.error(
            fmt::format("step {} does not stand beside this one; 'needs' is for steps of the same list", named));
    else if (scope.inside(around))
        where.error(fmt::format("step {} belongs to another case of step {}", named, in_quotes(around)));
    else
        where.error(fmt::format("step {} is inside the {} step {}; {}", named, site->second.around, in_quotes(around),
                                fmt::format(fmt::runtime(instead), around)));
}

}  // namespace enough
