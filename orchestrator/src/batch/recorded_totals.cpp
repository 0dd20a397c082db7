#include "batch/recorded_totals.hpp"

#include <enough/orchestrator/budget.hpp>

#include <map>
#include <variant>

namespace enough {
namespace {

class Sum {
public:
    explicit Sum(const Workflow& workflow) : models_(models_in(workflow)) {}

    void add(const EventBody& body) {
        if (const auto* requested = std::get_if<CallRequested>(&body)) {
            ++totals_.calls;
            model_of_[requested->call] = requested->model;
        }
        if (const auto* answered = std::get_if<CallAnswered>(&body)) add(answered->call, answered->answer.usage);
        if (const auto* failed = std::get_if<CallFailed>(&body)) add(failed->call, failed->spent);
        if (const auto* aborted = std::get_if<CallAborted>(&body)) add(aborted->call, aborted->spent);
        if (const auto* again = std::get_if<AttemptRequested>(&body)) add(again->call, again->spent);
    }

    const RunTotals& totals() const { return totals_; }

private:
    void add(CallId call, const Usage& usage) {
        const auto model = models_.find(model_of_[call]);
        const double usd = model == models_.end() ? 0 : cost_usd(usage, model->second->price);
        totals_ += RunTotals{0, usage.input_tokens, usage.cached_input_tokens, usage.output_tokens, usd};
    }

    std::map<std::string, const Model*> models_;
    std::map<CallId, std::string> model_of_;
    RunTotals totals_;
};

}  // namespace

RunTotals recorded_totals(const std::vector<Event>& events, const Workflow& workflow) {
    Sum sum(workflow);
    for (const Event& event : events)
        sum.add(event.body);
    return sum.totals();
}

}  // namespace enough
