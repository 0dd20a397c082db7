#include "batch/batch_state.hpp"
#include "batch/call_shares.hpp"
#include "evaluation/report_json.hpp"

#include <enough/orchestrator/batch.hpp>
#include <enough/orchestrator/output_grader.hpp>
#include <enough/policies/bootstrap.hpp>
#include <enough/policies/proportions.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

namespace enough {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

std::optional<std::string> text_at(const json& object, const char* field) {
    const auto found = object.find(field);
    if (found == object.end() || !found->is_string()) return std::nullopt;
    return found->get<std::string>();
}

/// What an item's first call answered; absent: it was not made, or failed.
std::optional<std::string> first_answer(const json& report) {
    const auto steps = report.find("steps");
    if (steps == report.end() || steps->empty()) return std::nullopt;
    const json& calls = steps->begin()->at("calls");
    return calls.empty() ? std::nullopt : text_at(calls.front(), "answer");
}

/// How right the labelled items were after their first call, and in the end.
class Accuracy {
public:
    void add(bool first, bool last) {
        first_ += first ? 1 : 0;
        last_ += last ? 1 : 0;
        changes_.push_back(static_cast<signed char>((last ? 1 : 0) - (first ? 1 : 0)));
    }

    ordered_json to_json(GraderKind grader) const {
        const std::size_t n = changes_.size();
        const auto count = [&](int change) { return static_cast<std::size_t>(std::ranges::count(changes_, change)); };
        return {{"grader", name(grader)},
                {"first_call", json_of_share(first_, n)},
                {"end", json_of_share(last_, n)},
                {"difference", json_of(difference())},
                {"mcnemar_p", mcnemar_exact(count(1), count(-1))},
                {"wrong_right", count(1)},
                {"right_wrong", count(-1)}};
    }

    bool empty() const { return changes_.empty(); }

private:
    /// Of paired items. Of very many, fewer resamples are drawn: the interval needs no more.
    Estimate difference() const {
        constexpr std::size_t most_draws = 200'000'000;
        BootstrapSettings settings;
        settings.replicates = std::clamp<std::size_t>(most_draws / changes_.size(), 200, settings.replicates);
        const auto mean = [&](std::span<const std::size_t> drawn) {
            std::int64_t sum = 0;
            for (const std::size_t i : drawn)
                sum += changes_[i];
            return static_cast<double>(sum) / static_cast<double>(drawn.size());
        };
        const auto change = static_cast<double>(last_) - static_cast<double>(first_);
        return {change / static_cast<double>(changes_.size()), bootstrap_interval(changes_.size(), mean, settings)};
    }

    std::size_t first_ = 0;
    std::size_t last_ = 0;
    std::vector<signed char> changes_;  ///< of each item: a byte
};

ordered_json accuracy_of(BatchState& state, const Workflow& workflow) {
    if (!workflow.eval) return nullptr;
    const std::optional<Grader> grade = OutputGrader::pure(*workflow.eval);
    if (!grade) return nullptr;
    Accuracy accuracy;
    state.each_labelled([&](const DataItem& item, const json& report) {
        if (grade->fault(item.expected)) return;
        accuracy.add((*grade)(item.expected, first_answer(report)), (*grade)(item.expected, text_at(report, "output")));
    });
    if (accuracy.empty()) return nullptr;
    return accuracy.to_json(workflow.eval->grader);
}

}  // namespace

ordered_json Batch::call_budget() const {
    const auto& per_item = settings_.calls_per_item;
    if (!per_item) return nullptr;
    CallShares shares(settings_.files.state());
    const std::int64_t allowed = per_item->for_items(counts_.items);
    const std::int64_t made = shares.granted();
    double saved = 0;
    double moved = 0;
    std::int64_t accepted_first = 0;
    ordered_json by_calls = ordered_json::array();
    for (const CallShares::Count& count : shares.histogram()) {
        const double beyond = static_cast<double>(count.items) * (count.calls - per_item->value());
        (beyond < 0 ? saved : moved) += std::abs(beyond);
        if (count.calls == 1) accepted_first = count.accepted;
        by_calls.push_back({{"calls", count.calls}, {"items", count.items}, {"accepted", count.accepted}});
    }
    return {{"calls_per_item", per_item->value()},
            {"items", counts_.items},
            {"calls_allowed", allowed},
            {"calls_made", made},
            {"calls_of_earlier_tries", shares.granted_earlier()},
            {"accepted_on_first_call", accepted_first},
            {"items_by_calls", std::move(by_calls)},
            {"calls_saved", saved},
            {"calls_moved", moved},
            {"calls_left", allowed - made},
            {"accuracy", accuracy_of(*state_, *workflow_)}};
}

}  // namespace enough
