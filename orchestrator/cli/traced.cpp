#include "traced.hpp"

#include "terminal.hpp"

#include <enough/async/task_group.hpp>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid_io.hpp>

#include <exception>
#include <string>
#include <utility>

namespace enough::cli {

TracedOnce::TracedOnce(const std::optional<TraceSettings>& settings, std::shared_ptr<const Workflow> workflow,
                       asio::any_io_executor executor, RunOptions& options) {
    if (!settings) return;
    tracing_.emplace(executor, *settings, [](const std::string& what) { print_error("traces: " + what); });
    if (options.run_id.empty()) options.run_id = to_string(boost::uuids::random_generator()());
    options.trace = tracing_->begin(options.run_id, std::nullopt);
    const ObservedRun run{options.run_id, std::move(workflow), options.trace, {}};
    sink_ = tracing_->follow(run);
    if (sink_) options.sinks.push_back(sink_.get());
}

Task<RunState> TracedOnce::around(Task<RunState> run) {
    if (!tracing_) co_return co_await std::move(run);
    TaskGroup sending(co_await asio::this_coro::executor);
    sending.spawn(tracing_->serve());
    RunState state;
    std::exception_ptr fault;
    try {
        state = co_await std::move(run);
    } catch (const std::exception&) {
        fault = std::current_exception();
    }
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    tracing_->finish();
    co_await sending.join();
    if (fault) std::rethrow_exception(fault);
    co_return state;
}

}  // namespace enough::cli
