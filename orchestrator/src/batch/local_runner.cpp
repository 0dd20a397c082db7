#include <enough/orchestrator/batch.hpp>
#include <enough/orchestrator/report.hpp>
#include <enough/orchestrator/run_state.hpp>

#include <utility>

namespace enough {

ItemResult ItemResult::of(const RunState& state) {
    return {state.status, totals_of(state),
            enough::report(state).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)};
}

Task<ItemResult> LocalRunner::run(BatchItem item, EventSink& record) {
    RunOptions options;
    options.sinks.push_back(&record);
    if (prepare_) prepare_(options);
    RunState state;
    if (item.recorded.empty())
        state = co_await engine_.run(std::move(item.inputs), std::move(options));
    else
        state = co_await engine_.resume(std::move(item.recorded), std::move(options));
    co_return ItemResult::of(state);
}

}  // namespace enough
