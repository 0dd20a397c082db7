// Embeds `enough` as an asynchronous library: a workflow from a string, run on the program's own io_context.
#include <enough/orchestrator/engine.hpp>
#include <enough/orchestrator/report.hpp>
#include <enough/workflows/load.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <nlohmann/json.hpp>

#include <iostream>

constexpr const char* text = R"(
version: 1
name: embedded
inputs: {question: {type: string}}
models: {demo: {provider: scripted, answers: [{text: "It is 41?", entropy: 1.3}, {text: "It is 42.", entropy: 0.2}]}}
agents: {solver: {model: demo, answer: {extract: number}}}
gates: {sure: {signal: entropy.mean, accept: [0.6, 0.4]}}
steps: [{id: solve, prompt: "{{ inputs.question }}", agent: solver, gate: sure, refine: {max_steps: 2}}]
)";

struct Printer : enough::EventSink {
    void on(const enough::Event& event) override { std::cerr << to_json(event).dump() << '\n'; }
};

int main() {
    boost::asio::io_context context(1);
    boost::asio::signal_set signals(context, SIGINT, SIGTERM);
    boost::asio::cancellation_signal cancel;
    signals.async_wait([&](auto error, int) {
        if (!error) cancel.emit(boost::asio::cancellation_type::terminal);
    });

    enough::Engine engine(enough::parse_workflow(text), context.get_executor());
    Printer printer;
    enough::RunState outcome;
    boost::asio::co_spawn(
        context, engine.run({{"question", "What is 6 * 7?"}}, {.sinks = {&printer}}),
        boost::asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr error, enough::RunState state) {
            if (error) std::rethrow_exception(error);
            outcome = std::move(state);
            signals.cancel();
        }));
    context.run();
    std::cout << report(outcome).dump(2) << '\n';
    return enough::exit_code(outcome.status);
}
