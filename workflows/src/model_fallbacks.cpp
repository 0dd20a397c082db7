#include "model_fallbacks.hpp"

#include "loading.hpp"
#include "suggest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace enough {
namespace {

using Models = std::map<std::string, Model>;

std::vector<std::string> names_of(const Models& models) {
    std::vector<std::string> names;
    for (const auto& [name, model] : models)
        names.push_back(name);
    return names;
}

/// The way from `model` back to itself, as `a -> b -> a`; empty if there is none.
std::string way_back(const Models& models, const std::string& model) {
    std::set<std::string> seen;
    std::vector<std::vector<std::string>> open{{model}};
    while (!open.empty()) {
        const std::vector<std::string> way = std::move(open.back());
        open.pop_back();
        const auto found = models.find(way.back());
        if (found == models.end()) continue;
        for (const std::string& next : found->second.fallback) {
            std::vector<std::string> longer = way;
            longer.push_back(next);
            if (next == model) return fmt::format("{}", fmt::join(longer, " -> "));
            if (seen.insert(next).second) open.push_back(std::move(longer));
        }
    }
    return {};
}

}  // namespace

std::vector<FallbackFault> fallback_faults(const Models& models) {
    std::vector<FallbackFault> faults;
    for (const auto& [name, model] : models) {
        std::set<std::string> listed;
        for (const std::string& other : model.fallback) {
            if (!models.contains(other))
                faults.push_back(
                    {name, fmt::format("there is no model '{}'{}", other, did_you_mean(other, names_of(models)))});
            else if (!listed.insert(other).second)
                faults.push_back({name, fmt::format("'{}' is listed twice", other)});
        }
        if (const std::string way = way_back(models, name); !way.empty())
            faults.push_back({name, fmt::format("the fallbacks lead back to the model itself: {}", way)});
    }
    return faults;
}

void check_fallbacks(Loading& loading) {
    const Node* section = loading.root.find("models");
    Models models = loading.workflow.models;
    // Names were looked up when they were read; a model that is missing here has a fault of its own.
    for (auto& [_, model] : models)
        std::erase_if(model.fallback, [&](const std::string& name) { return !loading.workflow.models.contains(name); });
    for (const FallbackFault& fault : fallback_faults(models)) {
        const Node* model = section->find(fault.model);
        const Node* node = model->find("fallback");
        Value(node != nullptr ? *node : *model, "models." + fault.model + ".fallback", loading.problems)
            .error(fault.message);
    }
}

}  // namespace enough
