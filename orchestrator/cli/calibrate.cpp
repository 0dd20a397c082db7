#include "calibration_table.hpp"
#include "cassettes.hpp"
#include "grading.hpp"
#include "item_bar.hpp"
#include "item_journal.hpp"
#include "now.hpp"
#include "problems.hpp"
#include "scores_file.hpp"
#include "statistics_options.hpp"
#include "terminal.hpp"
#include "until_done.hpp"
#include "verb.hpp"
#include "whole_file.hpp"

#include <enough/orchestrator/chain_recording.hpp>
#include <enough/orchestrator/labelled_data.hpp>
#include <enough/orchestrator/output_grader.hpp>
#include <enough/policies/calibration.hpp>
#include <enough/policies/calibration_file.hpp>
#include <enough/workflows/calibration_key.hpp>

#include <fmt/format.h>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/system_error.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>

namespace enough::cli {
namespace {

struct Arguments {
    std::string file;
    std::string data;
    std::string scores;
    std::string output;
    std::string loss;
    std::string grader;
    RecordingOptions recording;
    CalibrationSettings settings;
    CassetteArguments cassettes;
    std::string created = now_utc();
    bool resume = false;
    bool json = false;
    bool quiet = false;

    Format format() const { return json ? Format::json : Format::text; }
    Warnings warnings() const { return quiet ? Warnings::left_out : Warnings::shown; }
};

/// Which work a journal belongs to.
std::string identity_of(const Arguments& arguments, const RecordingPlan& plan, const std::vector<DataItem>& items,
                        const EvalSettings& eval) {
    nlohmann::json data = nlohmann::json::array();
    for (const DataItem& item : items)
        data.push_back({item.id, item.inputs, item.expected});
    const nlohmann::json whole{{"agent", arguments.recording.agent},
                               {"prompt", plan.key.prompt_hash},
                               {"model", plan.key.model},
                               {"settings", plan.key.settings},
                               {"signal", plan.key.signal},
                               {"top_k", plan.key.top_k},
                               {"steps", plan.chain_length},
                               {"data", std::move(data)},
                               {"grader", name(eval.grader)},
                               {"pointer", eval.pointer},
                               {"judge", eval.agent},
                               {"judge_prompt", eval.prompt},
                               {"command", eval.command}};
    return sha256(whole.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

FinishedChain read_finished(const nlohmann::json& line, const std::string& signal) {
    return {chain_from_json(line.at("chain"), signal), line.value("served_model", std::string()),
            line.value("fingerprint", std::string())};
}

nlohmann::ordered_json write_finished(const FinishedChain& finished, const std::string& signal) {
    return {{"chain", to_json(finished.chain, signal)},
            {"served_model", finished.served_model},
            {"fingerprint", finished.fingerprint}};
}

std::vector<FinishedChain> read_done(const ItemJournal& journal, const Arguments& arguments,
                                     const RecordingPlan& plan) {
    std::vector<FinishedChain> done;
    for (const nlohmann::json& line : journal.done()) {
        try {
            done.push_back(read_finished(line, plan.key.signal));
        } catch (const std::exception& fault) {
            throw std::invalid_argument(fmt::format("{}.journal is broken, remove it to begin anew: item {}: {}",
                                                    arguments.output, done.size() + 1, fault.what()));
        }
    }
    return done;
}

void explain_failures(const std::vector<std::string>& failures, Terminal& terminal) {
    constexpr std::size_t most = 10;
    for (std::size_t i = 0; i < std::min(failures.size(), most); ++i)
        terminal.line(fmt::format("  {} {}", terminal.paint(Colour::yellow, "left out:"), failures[i]));
    if (failures.size() > most) terminal.line(fmt::format("  … and {} more", failures.size() - most));
}

/// Asks the agent; what is finished survives a crash or Ctrl-C in the journal.
RecordedChains record(const std::shared_ptr<const Workflow>& workflow, Arguments& arguments) {
    const EvalSettings eval = grading_of(*workflow, arguments.grader);
    const std::vector<DataItem> items =
        read_data(std::filesystem::path(arguments.data), *workflow, Labels::required, OutputGrader::pure(eval));
    const RecordingPlan plan = plan_recording(*workflow, arguments.recording);
    OutputGrader(*workflow, eval, {});
    // The journal first: where it forbids to begin, a recording must not have been replaced.
    ItemJournal journal(arguments.output + ".journal", identity_of(arguments, plan, items, eval), arguments.resume);
    const std::vector<FinishedChain> done = read_done(journal, arguments, plan);
    RecordedModels models(arguments.cassettes);
    arguments.created = models.created();

    Terminal terminal;
    ItemBar bar(terminal);
    if (!arguments.quiet) {
        terminal.line(fmt::format("{}: {} item(s), chains of {} step(s): at most {} calls{}", arguments.recording.agent,
                                  items.size(), plan.chain_length,
                                  (items.size() - done.size()) * static_cast<std::size_t>(plan.chain_length),
                                  done.empty() ? "" : fmt::format(" ({} item(s) were done before)", done.size())));
        arguments.recording.on_progress = [&](const ItemProgress& progress) { bar.show(progress); };
    }
    arguments.recording.on_finished = [&](const FinishedChain& finished) {
        journal.add(write_finished(finished, plan.key.signal));
    };
    asio::io_context context(1);
    const Agents agents = models.make(*workflow, context.get_executor());
    RecordedChains recorded =
        run_until_done(context, record_chains(workflow, eval, agents, items, done, arguments.recording));
    if (!models.explain_faults()) throw std::runtime_error("the recording is not complete; no calibration was written");
    if (!arguments.quiet) explain_failures(recorded.failures, terminal);
    for (const std::string& note : recorded.notes)
        terminal.line(fmt::format("  {} {}", terminal.paint(Colour::yellow, "note:"), note));
    if (recorded.failures.empty())
        journal.remove();
    else
        terminal.line(fmt::format("  {} {}.journal keeps the others: --resume tries the items again that were left out",
                                  terminal.paint(Colour::yellow, "note:"), arguments.output));
    return recorded;
}

/// The chains, and what they hold for: recorded now, or taken from a file of scores.
std::pair<std::vector<ObservedChain>, CalibrationKey> chains(const std::shared_ptr<const Workflow>& workflow,
                                                             Arguments& arguments) {
    if (arguments.scores.empty()) {
        RecordedChains recorded = record(workflow, arguments);
        if (recorded.chains.empty()) throw std::runtime_error("no item has a whole chain; no calibration was written");
        return {std::move(recorded.chains), std::move(recorded.key)};
    }
    CalibrationKey key;
    if (workflow) key = plan_recording(*workflow, arguments.recording).key;
    return {read_scores(arguments.scores, key.signal), key};
}

/// Scores alone carry no later steps, so nothing is known of regret.
Loss loss_of(const Arguments& arguments, const std::vector<ObservedChain>& chains) {
    const bool one_step = chains.front().steps.size() == 1;
    if (arguments.loss.empty()) return one_step ? Loss::wrong : Loss::regret;
    const Loss loss = loss_named(arguments.loss).value();
    if (loss == Loss::regret && one_step)
        throw std::invalid_argument("--loss regret needs chains of several steps: what the full path would have given");
    return loss;
}

void check_use(const Arguments& arguments) {
    const bool from_scores = !arguments.scores.empty();
    if (from_scores && !arguments.data.empty()) throw std::invalid_argument("give DATA or --from-scores, not both");
    if (!from_scores && arguments.file.empty()) throw std::invalid_argument("a workflow FILE is needed");
    if (!from_scores && arguments.data.empty()) throw std::invalid_argument("a DATA file is needed, or --from-scores");
    if (!arguments.file.empty() && arguments.recording.agent.empty())
        throw std::invalid_argument("--agent is needed: which agent's thresholds?");
    if (from_scores && arguments.cassettes.any())
        throw std::invalid_argument("--from-scores asks no model: there is nothing to record or replay");
    check_output(arguments.output);
}

int calibrate_verb(Arguments& arguments) {
    try {
        check_use(arguments);
        std::shared_ptr<const Workflow> workflow;
        if (!arguments.file.empty()) {
            workflow = load_or_explain(arguments.file, arguments.format(), Calibrations::ignored, Pins::required,
                                       arguments.warnings());
            if (!workflow) return bad_use;
        }
        auto [observed, key] = chains(workflow, arguments);
        arguments.settings.loss = loss_of(arguments, observed);
        Calibration calibration = calibrate(std::move(observed), std::move(key), arguments.settings);
        calibration.created = arguments.created;
        const auto json = to_json(calibration);
        write_whole_file(arguments.output, json.dump(1) + "\n");
        if (arguments.json)
            fmt::print("{}\n", json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
        else
            print_calibration(calibration);
        if (!arguments.quiet) Terminal().line(fmt::format("written to {}", arguments.output));
        return calibration.steps.front().verdict == CalibrationVerdict::refused ? 1 : 0;
    } catch (const boost::system::system_error& error) {
        if (error.code() != asio::error::operation_aborted) throw;
        Terminal().line(
            fmt::format("interrupted; {}.journal keeps what is done: go on with --resume", arguments.output));
        return interrupted;
    } catch (const std::invalid_argument& error) {
        explain(error.what(), arguments.format());
        return bad_use;
    } catch (const std::runtime_error& error) {
        explain(error.what(), arguments.format());
        return 1;
    }
}

void add_fit_options(CLI::App& verb, Arguments& arguments) {
    CalibrationSettings& settings = arguments.settings;
    add_statistics_options(verb, settings.target, settings.bootstrap);
    verb.add_option("--loss", arguments.loss, "regret: accepted, wrong, and the full chain right (default); or wrong")
        ->check(CLI::IsMember({"regret", "wrong"}));
    verb.add_option("--stop-delta", settings.stop_delta, "Share of verdicts that stop_early: predicted may get wrong")
        ->check(CLI::Range(0.0, 0.5));
    verb.add_option("--next-gain", settings.next_gain,
                    "Accuracy that the next rung gains per output token: what refining must beat (default 0)")
        ->check(CLI::NonNegativeNumber);
    verb.add_flag("--allow-weak", settings.allow_weak, "Go on although the AUROC interval contains 1/2");
}

}  // namespace

void add_calibrate(CLI::App& app, int& exit) {
    auto arguments = std::make_shared<Arguments>();
    CLI::App* verb =
        app.add_subcommand("calibrate", "Fit an agent's thresholds on labelled items, with their uncertainty");
    verb->add_option("file", arguments->file, "Workflow file")->type_name("FILE");
    verb->add_option("data", arguments->data, "Labelled items, JSON lines: {\"id\", \"inputs\", \"expected\"}")
        ->type_name("DATA");
    verb->add_option("-o,--output", arguments->output, "Where the calibration file goes")->required()->type_name("CAL");
    verb->add_option("-a,--agent", arguments->recording.agent, "The agent to calibrate")->type_name("AGENT");
    verb->add_option("--step", arguments->recording.step, "The step whose prompt is used, if several use the agent")
        ->type_name("ID");
    verb->add_option("--steps", arguments->recording.steps,
                     "Length of the chains (default: the rung's max_steps, or 4)")
        ->check(CLI::Range(1, 100));
    verb->add_option("--from-scores", arguments->scores,
                     "Take {\"entropy\", \"correct\"} lines instead of asking models")
        ->type_name("FILE");
    add_grader_option(*verb, arguments->grader);
    verb->add_option("-c,--concurrency", arguments->recording.concurrency, "Items at once (default 4)")
        ->check(CLI::Range(1, 10'000));
    verb->add_option("--max-usd", arguments->recording.max_usd, "Begin no further item once this much is spent")
        ->check(CLI::PositiveNumber);
    verb->add_flag("--resume", arguments->resume, "Go on where an interrupted calibration stopped");
    add_fit_options(*verb, *arguments);
    arguments->cassettes.add_to(*verb);
    verb->add_flag("--json", arguments->json, "Print the calibration file instead of tables");
    verb->add_flag("-q,--quiet", arguments->quiet, "No progress and no warnings on standard error");
    verb->callback([arguments, &exit] { exit = calibrate_verb(*arguments); });
}

}  // namespace enough::cli
