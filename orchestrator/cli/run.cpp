#include "cassettes.hpp"
#include "inputs.hpp"
#include "problems.hpp"
#include "progress.hpp"
#include "terminal.hpp"
#include "terminal_approver.hpp"
#include "trace_options.hpp"
#include "traced.hpp"
#include "until_done.hpp"
#include "verb.hpp"

#include <enough/orchestrator/engine.hpp>
#include <enough/orchestrator/event_log.hpp>
#include <enough/orchestrator/report.hpp>

#include <fmt/format.h>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <nlohmann/json.hpp>

#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>

namespace enough::cli {
namespace {

struct Arguments {
    std::string file;
    std::vector<std::string> inputs;
    std::string events;
    CassetteArguments cassettes;
    TraceArguments traces;
    ApprovalMode approvals = ApprovalMode::ask;
    bool json = false;
    bool quiet = false;

    Format format() const { return json ? Format::json : Format::text; }
    Warnings warnings() const { return quiet ? Warnings::left_out : Warnings::shown; }
};

/// Programs of tools are ended, however the run did.
Task<RunState> run_and_close(Engine& engine, nlohmann::json inputs, RunOptions options) {
    RunState state = co_await engine.run(std::move(inputs), std::move(options));
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    co_await engine.close();
    co_return state;
}

/// Runs on a context of its own until the run has ended, interrupted or not.
RunState run_to_end(const std::shared_ptr<const Workflow>& workflow, const nlohmann::json& inputs, RunOptions options,
                    RecordedModels& models, const std::optional<TraceSettings>& traces) {
    asio::io_context context(1);
    Engine engine(workflow, models.make(*workflow, context.get_executor()),
                  make_tool_servers(*workflow, context.get_executor()));
    TracedOnce traced(traces, workflow, context.get_executor(), options);
    return run_until_done(context, traced.around(run_and_close(engine, inputs, std::move(options))));
}

void print_outcome(const RunState& state, const Arguments& arguments) {
    if (arguments.json) {
        fmt::print("{}\n", report(state).dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
    } else if (state.output) {
        fmt::print("{}\n", *state.output);
    }
    if (state.error) print_error(*state.error);
    if (arguments.quiet) return;
    const Usage& used = state.budget().used();
    Terminal terminal;
    const Colour colour = state.status == Status::accepted ? Colour::green : Colour::yellow;
    terminal.line(fmt::format("{}  {} call(s), {} input tokens ({} cached), {} output tokens, {:.6g} USD, {:.2f} s",
                              terminal.paint(colour, name(state.status)), state.budget().calls(), used.input_tokens,
                              used.cached_input_tokens, used.output_tokens, state.budget().used_usd(),
                              state.now.count() / 1000.0));
}

int run(const Arguments& arguments) {
    const auto workflow = load_or_explain(arguments.file, arguments.format(), Calibrations::required, Pins::required,
                                          arguments.warnings());
    if (!workflow) return bad_use;
    Terminal terminal;
    Progress progress(terminal);
    TerminalApprover approver(arguments.approvals, terminal);
    RunOptions options;
    options.approver = &approver;
    if (!arguments.quiet) options.sinks.push_back(&progress);
    try {
        const nlohmann::json inputs = read_inputs(*workflow, arguments.inputs);
        std::optional<EventLog> log;
        if (!arguments.events.empty()) options.sinks.push_back(&log.emplace(arguments.events));
        RecordedModels models(arguments.cassettes);
        const auto traces = arguments.traces.settings();
        const RunState state = run_to_end(workflow, inputs, std::move(options), models, traces);
        print_outcome(state, arguments);
        if (log && log->error()) print_error(*log->error());
        const bool sound = models.explain_faults() && !(log && log->error());
        return !sound && state.status == Status::accepted ? 1 : exit_code(state.status);
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
    arguments->cassettes.add_to(*verb);
    arguments->traces.add_to(*verb);
    const std::map<std::string, ApprovalMode> modes{
        {"ask", ApprovalMode::ask}, {"yes", ApprovalMode::yes}, {"no", ApprovalMode::no}};
    verb->add_option("--approve", arguments->approvals, "What 'approve' steps get: ask (on the terminal), yes or no")
        ->transform(CLI::CheckedTransformer(modes).description(""))
        ->type_name("ask|yes|no");
    verb->add_flag("--json", arguments->json, "Print the run report instead of the output");
    verb->add_flag("-q,--quiet", arguments->quiet, "No progress and no warnings on standard error");
    verb->callback([arguments, &exit] { exit = run(*arguments); });
}

}  // namespace enough::cli
