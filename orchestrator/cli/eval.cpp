#include "cassettes.hpp"
#include "evaluation_table.hpp"
#include "grading.hpp"
#include "item_bar.hpp"
#include "problems.hpp"
#include "statistics_options.hpp"
#include "terminal.hpp"
#include "until_done.hpp"
#include "verb.hpp"
#include "whole_file.hpp"

#include <enough/orchestrator/evaluation.hpp>
#include <enough/orchestrator/evaluation_page.hpp>
#include <enough/orchestrator/evaluation_report.hpp>
#include <enough/orchestrator/event_log.hpp>
#include <enough/orchestrator/labelled_data.hpp>
#include <enough/orchestrator/output_grader.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/system_error.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>

namespace enough::cli {
namespace {

constexpr int report_indent = 1;

struct Arguments {
    std::string file;
    std::string data;
    std::string report;
    std::string events;
    std::string grader;
    std::optional<std::size_t> limit;
    EvaluationOptions options;
    ReportSettings settings;
    CassetteArguments cassettes;
    bool json = false;
    bool quiet = false;

    Format format() const { return json ? Format::json : Format::text; }
    Warnings warnings() const { return quiet ? Warnings::left_out : Warnings::shown; }
};

std::string text_of(const nlohmann::ordered_json& json, int indent) {
    return json.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::vector<DataItem> read_items(const Arguments& arguments, const Workflow& workflow, const EvalSettings& eval) {
    auto items = read_data(std::filesystem::path(arguments.data), workflow, Labels::required, OutputGrader::pure(eval));
    if (arguments.limit && items.size() > *arguments.limit) items.resize(*arguments.limit);
    return items;
}

/// What it will cost is said before it is spent.
void announce(const Workflow& workflow, const Arguments& arguments, std::size_t items, Terminal& terminal) {
    const EvaluationPlan plan = plan_evaluation(workflow, arguments.options);
    std::vector<std::string> names;
    for (const Policy policy : plan.policies)
        names.emplace_back(name(policy));
    terminal.line(
        fmt::format("step '{}', agent '{}': {} item(s), each answered by: {}; calls that are equal are made once",
                    plan.step, plan.agent, items, fmt::join(names, ", ")));
    terminal.line(fmt::format("  up to {} calls for the whole chains, and what the rest of the ladder takes",
                              items * static_cast<std::size_t>(plan.chain_length)));
}

Evaluation run_evaluation(const std::shared_ptr<const Workflow>& workflow, Arguments& arguments) {
    const EvalSettings eval = grading_of(*workflow, arguments.grader);
    std::vector<DataItem> items = read_items(arguments, *workflow, eval);
    // What can't work is said before files are replaced and calls are paid for.
    plan_evaluation(*workflow, arguments.options);
    OutputGrader(*workflow, eval, {});
    if (!arguments.report.empty()) check_output_folder(arguments.report);
    RecordedModels models(arguments.cassettes);
    arguments.settings.created = models.created();
    std::optional<EventLog> log;
    if (!arguments.events.empty()) arguments.options.listeners.push_back(&log.emplace(arguments.events));
    Terminal terminal;
    ItemBar bar(terminal);
    if (!arguments.quiet) {
        announce(*workflow, arguments, items.size(), terminal);
        arguments.options.on_progress = [&](const ItemProgress& progress) { bar.show(progress); };
    }
    asio::io_context context(1);
    const Agents agents = models.make(*workflow, context.get_executor());
    Evaluation result = run_until_done(context, evaluate(workflow, eval, agents, std::move(items), arguments.options));
    if (!models.explain_faults()) throw std::runtime_error("the recording is not complete; no report was written");
    if (log && log->error()) throw std::runtime_error(*log->error());
    for (const std::string& failure : result.failures)
        terminal.line(fmt::format("  {} {}", terminal.paint(Colour::yellow, "left out:"), failure));
    if (result.items.empty()) throw std::runtime_error("no item could be evaluated; no report was written");
    return result;
}

void write_report(const std::string& folder, const nlohmann::ordered_json& report) {
    const std::filesystem::path where(folder);
    write_whole_file(where / "report.json", text_of(report, report_indent) + "\n");
    write_whole_file(where / "report.html", evaluation_page(report));
    Terminal().line(fmt::format("written to {0}/report.html and {0}/report.json", folder));
}

int eval_verb(Arguments& arguments) {
    const auto workflow = load_or_explain(arguments.file, arguments.format(), Calibrations::required, Pins::required,
                                          arguments.warnings());
    if (!workflow) return bad_use;
    try {
        arguments.settings.data = std::filesystem::path(arguments.data).filename().string();
        const Evaluation evaluation = run_evaluation(workflow, arguments);
        const auto report = evaluation_report(evaluation, arguments.settings);
        if (arguments.json)
            fmt::print("{}\n", text_of(report, 2));
        else
            print_evaluation(report);
        if (!arguments.report.empty()) write_report(arguments.report, report);
        return evaluation.failures.empty() ? 0 : 1;
    } catch (const boost::system::system_error& error) {
        if (error.code() != asio::error::operation_aborted) throw;
        Terminal().line("interrupted; no report was written");
        if (const std::string& tape = arguments.cassettes.record; !tape.empty())
            Terminal().line(fmt::format("{0} keeps the calls: go on with --replay {0} --record ANOTHER", tape));
        return interrupted;
    } catch (const std::invalid_argument& error) {
        explain(error.what(), arguments.format());
        return bad_use;
    } catch (const std::runtime_error& error) {
        explain(error.what(), arguments.format());
        return 1;
    }
}

}  // namespace

void add_eval(CLI::App& app, int& exit) {
    auto arguments = std::make_shared<Arguments>();
    CLI::App* verb = app.add_subcommand("eval", "Grade a workflow against baselines on the same recorded calls");
    verb->add_option("file", arguments->file, "Workflow file")->required()->type_name("FILE");
    verb->add_option("data", arguments->data, "Labelled items, JSON lines: {\"id\", \"inputs\", \"expected\"}")
        ->required()
        ->type_name("DATA");
    verb->add_option("--report", arguments->report, "Write report.json and report.html into this folder")
        ->type_name("DIR");
    verb->add_option("--events", arguments->events, "Write the events of the workflow's own runs, as JSON lines")
        ->type_name("FILE");
    verb->add_option("--step", arguments->options.step, "The gated step to look at (default: the first)")
        ->type_name("ID");
    verb->add_option("--steps", arguments->options.steps, "Length of the whole chain (default: the rung's max_steps)")
        ->check(CLI::Range(1, 100));
    verb->add_option("--limit", arguments->limit, "Only the first N items")->check(CLI::PositiveNumber);
    add_grader_option(*verb, arguments->grader);
    verb->add_option("-c,--concurrency", arguments->options.concurrency, "Items at once (default 4)")
        ->check(CLI::Range(1, 10'000));
    verb->add_option("--max-usd", arguments->options.max_usd, "Begin no further item once this much is spent")
        ->check(CLI::PositiveNumber);
    add_statistics_options(*verb, arguments->settings.target, arguments->settings.bootstrap);
    arguments->cassettes.add_to(*verb);
    verb->add_flag("--json", arguments->json, "Print report.json instead of tables");
    verb->add_flag("-q,--quiet", arguments->quiet, "No progress and no warnings on standard error");
    verb->callback([arguments, &exit] { exit = eval_verb(*arguments); });
}

}  // namespace enough::cli
