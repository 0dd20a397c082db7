#include <enough/orchestrator/batch.hpp>

#include "batch/recorded_totals.hpp"

#include <enough/orchestrator/call_by_call.hpp>
#include <enough/orchestrator/report.hpp>
#include <enough/orchestrator/run_state.hpp>
#include <enough/orchestrator/step.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

namespace enough {
namespace {

/// By the latest judgement; an answer without any is the neediest.
double need_of(const RunState& state) {
    if (state.calls.empty()) return neediest;
    const CallRecord& last = state.calls.back();
    const std::optional<Signal> signal = signal_named(last.signal);
    return signal && last.judgement ? need(*signal, last.judgement->value) : neediest;
}

/// One item whose events can't be gone on with must not keep all others from ending.
ItemResult not_gone_on_with(const std::vector<Event>& recorded, const Workflow& workflow, const std::string& why) {
    ItemResult result =
        ItemResult::failed(workflow.name, fmt::format("what was recorded of this item can't be gone on with: {}", why));
    result.totals = recorded_totals(recorded, workflow);
    result.calls = static_cast<int>(std::ranges::count_if(
        recorded, [](const Event& event) { return std::holds_alternative<CallRequested>(event.body); }));
    return result;
}

}  // namespace

ItemResult ItemResult::of(const RunState& state) {
    ItemResult result{state.status, totals_of(state), {}, static_cast<int>(state.calls.size()), 0};
    if (awaits_call(state))
        result.need = need_of(state);
    else
        result.report = enough::report(state).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return result;
}

ItemResult ItemResult::failed(const std::string& workflow, const std::string& why) {
    const nlohmann::ordered_json usage{
        {"calls", 0}, {"input_tokens", 0}, {"cached_input_tokens", 0}, {"output_tokens", 0}, {"usd", 0.0}};
    const nlohmann::ordered_json report{{"run_id", ""},
                                        {"workflow", workflow},
                                        {"status", "failed"},
                                        {"output", nullptr},
                                        {"steps", nlohmann::ordered_json::object()},
                                        {"usage", usage},
                                        {"error", why}};
    return {Status::failed, {}, report.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)};
}

Task<ItemResult> LocalRunner::run(BatchItem item, EventSink& record) {
    RunOptions options;
    options.sinks.push_back(&record);
    options.granted_calls = item.granted_calls;
    options.calls_ended = std::move(item.calls_ended);
    if (prepare_) prepare_(options);
    if (item.recorded.empty()) {
        const RunState state = co_await engine_.run(std::move(item.inputs), std::move(options));
        co_return ItemResult::of(state);
    }
    std::vector<Event> recorded = item.recorded;
    std::string fault;
    try {
        const RunState state = co_await engine_.resume(std::move(recorded), std::move(options));
        co_return ItemResult::of(state);
    } catch (const AuditError& error) {
        fault = error.what();
    } catch (const std::invalid_argument& error) {
        fault = error.what();
    }
    co_return not_gone_on_with(item.recorded, engine_.workflow(), fault);
}

}  // namespace enough
