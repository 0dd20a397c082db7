#include <enough/orchestrator/batch.hpp>
#include <enough/orchestrator/call_by_call.hpp>
#include <enough/orchestrator/report.hpp>
#include <enough/orchestrator/run_state.hpp>

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

}  // namespace

ItemResult ItemResult::of(const RunState& state) {
    ItemResult result{state.status, totals_of(state), {}, static_cast<int>(state.calls.size()), 0};
    if (awaits_call(state))
        result.need = need_of(state);
    else
        result.report = enough::report(state).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return result;
}

Task<ItemResult> LocalRunner::run(BatchItem item, EventSink& record) {
    RunOptions options;
    options.sinks.push_back(&record);
    options.granted_calls = item.granted_calls;
    options.calls_ended = std::move(item.calls_ended);
    if (prepare_) prepare_(options);
    RunState state;
    if (item.recorded.empty())
        state = co_await engine_.run(std::move(item.inputs), std::move(options));
    else
        state = co_await engine_.resume(std::move(item.recorded), std::move(options));
    co_return ItemResult::of(state);
}

}  // namespace enough
