#include "grading.hpp"
#include "problems.hpp"
#include "terminal.hpp"
#include "until_done.hpp"
#include "verb.hpp"

#include <enough/orchestrator/event_log.hpp>
#include <enough/orchestrator/labelled_data.hpp>
#include <enough/orchestrator/output_grader.hpp>
#include <enough/orchestrator/regate.hpp>
#include <enough/policies/calibration_file.hpp>

#include <fmt/format.h>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/system_error.hpp>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <stdexcept>

namespace enough::cli {
namespace {

struct Arguments {
    std::string recording;
    std::string workflow;
    std::string data;
    std::string calibration;
    std::string method;
    std::string signal;
    std::string missing;
    std::string grader;
    GateChange change;
    bool json = false;

    Format format() const { return json ? Format::json : Format::text; }
};

Calibration read_calibration(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) throw std::invalid_argument(fmt::format("cannot read {}", file));
    const auto json = nlohmann::json::parse(in, nullptr, false);
    if (json.is_discarded()) throw std::invalid_argument(fmt::format("{} is no JSON", file));
    try {
        return calibration_from_json(json);
    } catch (const std::invalid_argument& fault) {
        throw std::invalid_argument(fmt::format("{} is no calibration file: {}", file, fault.what()));
    }
}

/// The thresholds of a method: of every step until one has none.
void take_thresholds(Arguments& arguments) {
    const Calibration calibration = read_calibration(arguments.calibration);
    if (arguments.method.empty()) throw std::invalid_argument("--calibration needs --method");
    const Method method = method_named(arguments.method).value();
    const auto signal = signal_named(calibration.key.signal);
    if (!arguments.signal.empty() && arguments.signal != calibration.key.signal)
        throw std::invalid_argument(
            fmt::format("{} is of signal {}, not {}", arguments.calibration, calibration.key.signal, arguments.signal));
    arguments.change.signal = signal;
    for (const StepCalibration& step : calibration.steps) {
        if (step.verdict == CalibrationVerdict::refused) break;
        const auto found = step.thresholds.find(method);
        if (found == step.thresholds.end()) break;
        arguments.change.accept.push_back(found->second.value.value_or(accepts_nothing(*signal)));
    }
    if (arguments.change.accept.empty())
        throw std::invalid_argument(fmt::format(
            "{} was refused: {}", arguments.calibration,
            calibration.steps.front().reasons.empty() ? "no reason given" : calibration.steps.front().reasons.front()));
}

void complete_change(Arguments& arguments) {
    if (!arguments.signal.empty()) {
        arguments.change.signal = signal_named(arguments.signal);
        if (!arguments.change.signal || arguments.change.signal == Signal::fitted)
            throw std::invalid_argument(fmt::format("'{}' is no signal of recorded calls", arguments.signal));
    }
    if (!arguments.missing.empty())
        arguments.change.missing = arguments.missing == "refine" ? OnMissing::refine
                                   : arguments.missing == "fail" ? OnMissing::fail
                                                                 : OnMissing::escalate;
    const bool by_hand = !arguments.change.accept.empty();
    if (by_hand == !arguments.calibration.empty())
        throw std::invalid_argument("give either --accept or --calibration: what is the gate to be?");
    if (!arguments.calibration.empty()) take_thresholds(arguments);
}

bool is_cassette(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) throw std::invalid_argument(fmt::format("cannot read {}", file));
    std::string line;
    std::getline(in, line);
    const auto head = nlohmann::json::parse(line, nullptr, false);
    return head.is_object() && head.contains("cassette");
}

/// Labels by the inputs of the run: a log has no ids of data lines.
RegateLabels labels_of(const std::shared_ptr<const Workflow>& workflow, const Arguments& arguments) {
    RegateLabels labels{workflow, {}};
    if (arguments.data.empty()) return labels;
    if (!workflow) throw std::invalid_argument("--data needs --workflow: how are answers graded?");
    const auto grader = OutputGrader::pure(grading_of(*workflow, arguments.grader));
    if (!grader) throw std::invalid_argument("regate asks no model and no program: give --grader exact, number, …");
    auto expected = std::make_shared<std::map<nlohmann::json, nlohmann::json>>();
    for (DataItem& item : read_data(std::filesystem::path(arguments.data), *workflow, Labels::required, grader))
        expected->emplace(std::move(item.inputs), std::move(item.expected));
    labels.grade = [expected, grader](const nlohmann::json& inputs,
                                      const std::optional<std::string>& answer) -> std::optional<bool> {
        const auto label = expected->find(inputs);
        return label == expected->end() ? std::nullopt : std::optional((*grader)(label->second, answer));
    };
    return labels;
}

std::vector<RegatedRun> regate_log(const std::shared_ptr<const Workflow>& workflow, const Arguments& arguments) {
    std::ifstream in(arguments.recording, std::ios::binary);
    std::vector<Event> events;
    try {
        events = read_event_log(in);
    } catch (const std::invalid_argument& fault) {
        throw std::invalid_argument(fmt::format("{}: {}", arguments.recording, fault.what()));
    }
    return regate_events(events, arguments.change, labels_of(workflow, arguments));
}

std::vector<RegatedRun> regate_tape(const std::shared_ptr<const Workflow>& workflow, const Arguments& arguments) {
    if (!workflow || arguments.data.empty())
        throw std::invalid_argument("a cassette holds calls without their workflow: give --workflow and --data");
    std::optional<Grader> grader;
    if (workflow->eval || !arguments.grader.empty())
        grader = OutputGrader::pure(grading_of(*workflow, arguments.grader));
    Terminal terminal;
    if (workflow->eval && !grader) terminal.line("answers are not graded: regate asks no model and no program");
    auto items = read_data(std::filesystem::path(arguments.data), *workflow, Labels::optional, grader);
    const std::size_t all = items.size();
    const auto tape = read_cassette(std::filesystem::path(arguments.recording));
    asio::io_context context(1);
    auto runs = run_until_done(context, regate_cassette(workflow, tape, std::move(items), arguments.change, grader));
    if (runs.size() < all)
        terminal.line(
            fmt::format("left out: {} of {} item(s), whose calls are not on the cassette", all - runs.size(), all));
    return runs;
}

std::string side_text(const nlohmann::ordered_json& side) {
    return fmt::format("{} at step {}", side.at("verdict").get<std::string>(), side.at("chain_step").get<int>());
}

void print_totals(const char* what, const nlohmann::ordered_json& totals) {
    std::string line =
        fmt::format("{:<8} {} accepted, {} input and {} output tokens", what, totals.at("accepted").dump(),
                    totals.at("input_tokens").dump(), totals.at("output_tokens").dump());
    if (!totals.at("usd").is_null()) line += fmt::format(", {:.4g} USD", totals.at("usd").get<double>());
    if (!totals.at("accuracy").is_null())
        line += fmt::format(", {:.1f} % right", totals.at("accuracy").get<double>() * 100);
    fmt::print("{}\n", line);
}

void print(const nlohmann::ordered_json& report) {
    for (const auto& run : report.at("runs")) {
        const std::string before = side_text(run.at("before"));
        const std::string after =
            run.at("after").is_null() ? "unknown: " + run.at("unknown").get<std::string>() : side_text(run.at("after"));
        if (before != after) fmt::print("{}  {} -> {}\n", run.at("run").get<std::string>(), before, after);
    }
    const auto& summary = report.at("summary");
    fmt::print("{} run(s), {} would change, {} unknown without asking a model; of the known ones:\n",
               summary.at("runs").dump(), summary.at("changed").dump(), summary.at("unknown").dump());
    print_totals("before", summary.at("known_before"));
    print_totals("after", summary.at("known_after"));
}

int regate_verb(Arguments& arguments) {
    try {
        complete_change(arguments);
        std::shared_ptr<const Workflow> workflow;
        if (!arguments.workflow.empty()) {
            workflow = load_or_explain(arguments.workflow, arguments.format());
            if (!workflow) return bad_use;
        }
        const auto runs =
            is_cassette(arguments.recording) ? regate_tape(workflow, arguments) : regate_log(workflow, arguments);
        const auto report = regate_report(runs, arguments.change);
        if (arguments.json)
            fmt::print("{}\n", report.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
        else
            print(report);
        return 0;
    } catch (const boost::system::system_error& error) {
        if (error.code() != asio::error::operation_aborted) throw;
        return interrupted;
    } catch (const std::exception& error) {
        explain(error.what(), arguments.format());
        return bad_use;
    }
}

}  // namespace

void add_regate(CLI::App& app, int& exit) {
    auto arguments = std::make_shared<Arguments>();
    CLI::App* verb =
        app.add_subcommand("regate", "What other thresholds would have decided on recorded calls, without a model");
    verb->add_option("recording", arguments->recording, "An event log (--events) or a cassette (--record)")
        ->required()
        ->type_name("EVENTS");
    verb->add_option("--accept", arguments->change.accept, "The threshold; several: of step 1, 2, …")->type_name("X");
    verb->add_option("--calibration", arguments->calibration, "Take the thresholds of this calibration file")
        ->type_name("FILE");
    verb->add_option("--method", arguments->method, "Which of its thresholds")
        ->check(CLI::IsMember({"mean", "information", "bayes", "universal", "crc", "bound", "hoeffding", "ltt"}));
    verb->add_option("--escalate", arguments->change.escalate, "The upper threshold of step 1")->type_name("X");
    verb->add_option("--signal", arguments->signal, "Judge by another signal")->type_name("SIGNAL");
    verb->add_option("--top-k", arguments->change.top_k, "Count other candidates a token (cassettes only)")
        ->check(CLI::Range(2, 1000));
    verb->add_option("--missing", arguments->missing,
                     "Without evidence: refine, escalate or fail (default: as recorded)")
        ->check(CLI::IsMember({"refine", "escalate", "fail"}));
    verb->add_option("-a,--agent", arguments->change.agent, "Whose gate (default: the first gated call's)");
    verb->add_option("--workflow", arguments->workflow, "The workflow: for prices and labels, and for cassettes")
        ->type_name("FILE");
    verb->add_option("--data", arguments->data, "Labelled items, to see what becomes of accuracy")->type_name("DATA");
    add_grader_option(*verb, arguments->grader);
    verb->add_flag("--json", arguments->json, "Print a report as JSON");
    verb->callback([arguments, &exit] { exit = regate_verb(*arguments); });
}

}  // namespace enough::cli
