// `fallback:` of models: who is asked when a model fails.
#include "field_types.hpp"
#include "loading.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace enough {
namespace {

/// Follows fallbacks from model to model.
class Walk {
public:
    explicit Walk(const std::map<std::string, Model>& models) : models_(models) {}

    /// The way from `name` back to itself, or nothing.
    std::vector<std::string> circle(const std::string& name) {
        start_ = name;
        seen_.clear();
        way_ = {name};
        return leads_back(name) ? way_ : std::vector<std::string>();
    }

private:
    bool leads_back(const std::string& name) {
        const auto model = models_.find(name);
        if (model == models_.end() || !seen_.insert(name).second) return false;
        for (const std::string& next : model->second.fallback) {
            way_.push_back(next);
            if (next == start_ || leads_back(next)) return true;
            way_.pop_back();
        }
        return false;
    }

    const std::map<std::string, Model>& models_;
    std::string start_;
    std::set<std::string> seen_;
    std::vector<std::string> way_;
};

}  // namespace

std::optional<std::vector<std::string>> read_fallback(const Value& value, const std::string& model,
                                                      const Loading& loading) {
    const std::size_t errors_before = value.problems().errors();
    auto names = type::OneOrList<type::Reference>{{loading.models}, "the name of a model, or a list of them"}(value);
    if (!names) return std::nullopt;
    std::set<std::string> seen;
    for (std::size_t i = 0; i < names->size(); ++i) {
        const Value at = value.is_list() ? value.at(i) : value;
        const std::string& name = (*names)[i];
        if (name == model) at.error("a model can't be its own fallback");
        if (!seen.insert(name).second) at.error(fmt::format("'{}' is named twice", name));
    }
    return value.problems().errors() == errors_before ? names : std::nullopt;
}

void check_fallbacks(Loading& loading) {
    const Node* section = loading.root.find("models");
    Walk walk(loading.workflow.models);
    for (const auto& [name, model] : loading.workflow.models) {
        const std::vector<std::string> way = walk.circle(name);
        if (way.empty()) continue;
        Value(*section->find(name), "models." + name, loading.problems)
            .at("fallback")
            .error(fmt::format("a cycle of fallbacks: {}", fmt::join(way, " → ")));
        // Whoever follows them later comes to an end.
        for (const std::string& member : way)
            loading.workflow.models.at(member).fallback.clear();
    }
}

}  // namespace enough
