#include "support/run_workflow.hpp"

#include "support/recorder.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <chrono>
#include <stdexcept>

namespace enough::test {

Outcome run_workflow(std::shared_ptr<const Workflow> workflow, const nlohmann::json& inputs,
                     const std::function<bool(const Event&)>& cancel_at) {
    asio::io_context context(1);
    asio::cancellation_signal cancel;
    Engine engine(std::move(workflow), context.get_executor());
    Recorder recorder([&](const Event& event) {
        if (cancel_at(event)) asio::post(context, [&] { cancel.emit(asio::cancellation_type::terminal); });
    });
    Outcome outcome;
    std::exception_ptr error;
    const auto done = [&](std::exception_ptr thrown, RunState state) {
        error = thrown;
        outcome.state = std::move(state);
    };
    RunOptions options;
    options.sinks.push_back(&recorder);
    asio::co_spawn(context, engine.run(inputs, options), asio::bind_cancellation_slot(cancel.slot(), done));
    context.run_for(std::chrono::seconds(20));
    if (!context.stopped()) throw std::runtime_error("the run does not end");
    if (error) std::rethrow_exception(error);
    outcome.events = recorder.events();
    return outcome;
}

}  // namespace enough::test
