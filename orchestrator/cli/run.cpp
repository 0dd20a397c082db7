#include "inputs.hpp"
#include "interrupt.hpp"
#include "problems.hpp"
#include "progress.hpp"
#include "terminal.hpp"
#include "verb.hpp"

#include <enough/orchestrator/engine.hpp>
#include <enough/orchestrator/event_log.hpp>
#include <enough/orchestrator/report.hpp>

#include <fmt/format.h>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>

namespace enough::cli {
namespace {

struct Arguments {
    std::string file;
    std::vector<std::string> inputs;
    std::string events;
    bool json = false;
    bool quiet = false;

    Format format() const { return json ? Format::json : Format::text; }
};

/// Runs on a context of its own until the run has ended, interrupted or not.
RunState run_to_end(const std::shared_ptr<const Workflow>& workflow, const nlohmann::json& inputs, RunOptions options) {
    asio::io_context context(1);
    Engine engine(workflow, context.get_executor());
    Interrupt interrupt(context);
    RunState outcome;
    std::exception_ptr error;
    const auto done = [&](std::exception_ptr thrown, RunState state) {
        error = thrown;
        outcome = std::move(state);
        interrupt.done();
    };
    asio::co_spawn(context, engine.run(inputs, std::move(options)),
                   asio::bind_cancellation_slot(interrupt.slot(), done));
    context.run();
    if (error) std::rethrow_exception(error);
    return outcome;
}

void print_outcome(const RunState& state, const Arguments& arguments) {
    if (arguments.json) {
        fmt::print("{}\n", report(state).dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
    } else if (state.output) {
        fmt::print("{}\n", *state.output);
    }
    if (state.error) print_error(*state.error);
    if (arguments.quiet) return;
    const Usage& used = state.budget.used();
    Terminal terminal;
    const Colour colour = state.status == Status::accepted ? Colour::green : Colour::yellow;
    terminal.line(fmt::format("{}  {} call(s), {} input tokens ({} cached), {} output tokens, {:.6g} USD, {:.2f} s",
                              terminal.paint(colour, name(state.status)), state.budget.calls(), used.input_tokens,
                              used.cached_input_tokens, used.output_tokens, state.budget.used_usd(),
                              state.now.count() / 1000.0));
}

int run(const Arguments& arguments) {
    const auto workflow = load_or_explain(arguments.file, arguments.format());
    if (!workflow) return bad_use;
    Terminal terminal;
    Progress progress(terminal);
    RunOptions options;
    if (!arguments.quiet) options.sinks.push_back(&progress);
    try {
        const nlohmann::json inputs = read_inputs(*workflow, arguments.inputs);
        std::optional<EventLog> log;
        if (!arguments.events.empty()) options.sinks.push_back(&log.emplace(arguments.events));
        const RunState state = run_to_end(workflow, inputs, std::move(options));
        print_outcome(state, arguments);
        if (log && log->error()) print_error(*log->error());
        return log && log->error() && state.status == Status::accepted ? 1 : exit_code(state.status);
    } catch (const std::exception& error) {
        explain(error.what(), arguments.format());
        return bad_use;
    }
}

}  // namespace

void add_run(CLI::App& app, int& exit) {
    auto arguments = std::make_shared<Arguments>();
    CLI::App* verb = app.add_subcommand("run", "Run a workflow once");
    verb->add_option("file", arguments->file, "Workflow file")->required()->type_name("FILE");
    verb->add_option("-i,--input", arguments->inputs, "NAME=VALUE, or NAME=@FILE for a file's content; repeatable")
        ->allow_extra_args(false)
        ->type_name("NAME=VALUE");
    verb->add_option("--events", arguments->events, "Write everything that happens to this file, as JSON lines")
        ->type_name("FILE");
    verb->add_flag("--json", arguments->json, "Print the run report instead of the output");
    verb->add_flag("-q,--quiet", arguments->quiet, "No progress on standard error");
    verb->callback([arguments, &exit] { exit = run(*arguments); });
}

}  // namespace enough::cli
