#include "evaluation/item_details.hpp"

#include "evaluation/report_json.hpp"

#include <cmath>

namespace enough {
namespace {

using nlohmann::ordered_json;

constexpr double heat_precision = 1000;  // of a bit

ordered_json text_or_null(const std::optional<std::string>& text) {
    return text ? ordered_json(*text) : ordered_json(nullptr);
}

/// Tokens may be parts of characters; the page shows them, it does not decode them.
ordered_json heat_json(const std::vector<std::pair<std::string, std::optional<double>>>& heat) {
    ordered_json list = ordered_json::array();
    for (const auto& [text, entropy] : heat)
        list.push_back({text, entropy ? ordered_json(std::round(*entropy * heat_precision) / heat_precision)
                                      : ordered_json(nullptr)});
    return list;
}

ordered_json chain_json(const EvaluatedItem& item) {
    ordered_json chain = ordered_json::array();
    for (std::size_t i = 0; i < item.chain.steps.size(); ++i) {
        const ObservedStep& step = item.chain.steps[i];
        const ShownStep& shown = item.shown.at(i);
        chain.push_back({{"step", i + 1},
                         {"score", json_or_null(step.score)},
                         {"tokens", step.output_tokens},
                         {"answer", text_or_null(shown.answer)},
                         {"correct", step.correct},
                         {"truncated", step.truncated},
                         {"text", shown.text},
                         {"heat", heat_json(shown.heat)}});
    }
    return chain;
}

ordered_json item_json(const EvaluatedItem& item) {
    const PolicyOutcome& outcome = item.policies.at(Policy::workflow);
    ordered_json json{{"id", item.data.id},
                      {"inputs", item.data.inputs},
                      {"expected", item.data.expected},
                      {"output", text_or_null(outcome.output)},
                      {"right", outcome.right},
                      {"status", name(outcome.status)},
                      {"usd", outcome.usd},
                      {"latency_ms", outcome.latency_ms},
                      {"answered_at", nullptr},
                      {"error", text_or_null(outcome.error)},
                      {"policies", ordered_json::object()},
                      {"chain", chain_json(item)}};
    if (const auto& at = item.answered_at)
        json["answered_at"] = {{"agent", at->agent}, {"rung", at->rung}, {"step", at->step}};
    for (const auto& [policy, each] : item.policies)
        json["policies"][std::string(name(policy))] = each.right;
    return json;
}

}  // namespace

ordered_json details_json(const Evaluation& evaluation) {
    ordered_json list = ordered_json::array();
    for (const EvaluatedItem& item : evaluation.items)
        list.push_back(item_json(item));
    return list;
}

}  // namespace enough
