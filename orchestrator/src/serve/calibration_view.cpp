#include "serve/workflow_view.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

namespace enough {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t most_scores = 2'000;  // of each class and step: more tell the eye nothing

Json finite_or_null(std::optional<double> value) {
    return value && std::isfinite(*value) ? Json(*value) : Json(nullptr);
}

/// Sorted; of too many, evenly spaced ones, the first and the last included.
Json shown(std::vector<double> scores) {
    std::sort(scores.begin(), scores.end());
    Json list = Json::array();
    const std::size_t count = std::min(scores.size(), most_scores);
    for (std::size_t i = 0; i < count; ++i)
        list.push_back(scores[count < 2 ? 0 : i * (scores.size() - 1) / (count - 1)]);
    return list;
}

Json step_scores(const Calibration& calibration, std::size_t step) {
    std::vector<double> correct;
    std::vector<double> incorrect;
    for (const ObservedChain& item : calibration.items) {
        if (step >= item.steps.size()) continue;
        const ObservedStep& observed = item.steps[step];
        if (observed.score && std::isfinite(*observed.score))
            (observed.correct ? correct : incorrect).push_back(*observed.score);
    }
    const std::size_t correct_items = correct.size();
    const std::size_t incorrect_items = incorrect.size();
    return {{"correct", shown(std::move(correct))},
            {"incorrect", shown(std::move(incorrect))},
            {"correct_items", correct_items},
            {"incorrect_items", incorrect_items}};
}

}  // namespace

Json gate_view(const Gate& gate, const std::string& gate_name) {
    const bool low = direction(gate.signal) == Direction::lower_is_surer;
    Json view{{"name", gate_name.empty() ? Json(nullptr) : Json(gate_name)},
              {"signal", name(gate.signal)},
              {"direction", low ? "lower_is_surer" : "higher_is_surer"},
              {"accept", Json::array()},
              {"escalate", finite_or_null(gate.escalate)},
              {"scope", name(gate.settings.scope)},
              {"top_k", gate.settings.top_k},
              {"min_coverage", gate.min_coverage},
              {"calibration", nullptr}};
    for (const double threshold : gate.accept)
        view["accept"].push_back(finite_or_null(threshold));
    if (!gate.calibration) return view;
    Json basis{{"file", gate.calibration->file},
               {"method", gate.calibration->method.empty() ? Json(nullptr) : Json(gate.calibration->method)},
               {"intervals", Json::array()}};
    for (const auto& interval : gate.calibration->threshold_intervals)
        basis["intervals"].push_back(interval ? Json{{"low", interval->low}, {"high", interval->high}} : Json(nullptr));
    view["calibration"] = std::move(basis);
    return view;
}

Json calibration_view(const Calibration& calibration) {
    Json view = Json::parse(calibration.document, nullptr, false);
    if (!view.is_object()) return nullptr;
    // What is sent to a server besides the question may hold anything.
    if (view.contains("settings") && view["settings"].is_object()) view["settings"].erase("extra_body");
    for (std::size_t i = 0; i < calibration.steps.size(); ++i)
        view["steps"][i]["scores"] = step_scores(calibration, i);
    return view;
}

}  // namespace enough
