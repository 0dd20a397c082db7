#include "batch_summary.hpp"
#include "cassettes.hpp"
#include "fleet_options.hpp"
#include "item_bar.hpp"
#include "problems.hpp"
#include "terminal.hpp"
#include "until_done.hpp"
#include "verb.hpp"
#include "whole_file.hpp"

#include <enough/orchestrator/batch.hpp>
#include <enough/orchestrator/chain_recording.hpp>
#include <enough/orchestrator/engine.hpp>
#include <enough/orchestrator/even_spending.hpp>
#include <enough/orchestrator/fleet.hpp>
#include <enough/workflows/bundle.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>
#include <nlohmann/json.hpp>

#include <chrono>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

namespace enough::cli {
namespace {

constexpr std::size_t faults_shown = 20;
constexpr std::size_t items_on_server = 1'000;

struct Arguments {
    std::string file;
    std::string data;
    std::string output;
    BatchSettings settings;
    CassetteArguments cassettes;
    std::string calls_per_item;
    bool against_evenly = false;
    FleetBatchSettings fleet;
    std::optional<std::size_t> concurrency;
    bool status = false;
    bool json = false;
    bool quiet = false;

    bool from_pipe() const { return data == "-"; }
    Format format() const { return json ? Format::json : Format::text; }
    Warnings warnings() const { return quiet ? Warnings::left_out : Warnings::shown; }
};

void print_json(const nlohmann::ordered_json& json) {
    fmt::print("{}\n", json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

int status_verb(const Arguments& arguments) {
    const BatchFiles files{arguments.output};
    const BatchStatus status = batch_status(files);
    if (arguments.json) {
        auto json = batch_json(files, status.counts, status.complete);
        json["workflow"] = status.workflow;
        json["begun"] = status.begun;
        json["under_way"] = status.under_way;
        print_json(json);
        return 0;
    }
    if (!status.taken_in) {
        fmt::print("the data has not been read to its end\n");
        return 0;
    }
    fmt::print("{}, begun {}\n{}\n", status.workflow, status.begun, batch_in_words(Terminal(), files, status.counts));
    if (status.under_way > 0) fmt::print("{} item(s) under way\n", status.under_way);
    fmt::print("{}\n",
               status.complete ? fmt::format("written to {}", files.output.string()) : "the output is not written yet");
    return 0;
}

Task<std::vector<FleetBatchView>> look_at(FleetServer server) {
    std::vector<FleetBatchView> views = co_await fleet_status(std::move(server));
    co_return views;
}

int fleet_status_verb(const Arguments& arguments) {
    asio::io_context context(1);
    const auto views = run_until_done(context, look_at(arguments.fleet.server));
    if (arguments.json) {
        auto json = nlohmann::ordered_json::array();
        for (const FleetBatchView& view : views)
            json.push_back({{"id", view.id},
                            {"workflow", view.workflow},
                            {"begun", view.begun},
                            {"models", view.models},
                            {"waiting", view.waiting},
                            {"under_way", view.under_way},
                            {"alive", view.alive},
                            {"workers", view.workers}});
        print_json({{"batches", std::move(json)}});
        return 0;
    }
    if (views.empty()) fmt::print("no batch is on the server\n");
    for (const FleetBatchView& view : views)
        fmt::print("{}  {} (models {}), begun {}: {} job(s) on the server, {} under way; {}\n", view.id, view.workflow,
                   fmt::join(view.models, ", "), view.begun, view.waiting, view.under_way,
                   view.alive ? fmt::format("{} worker(s): {}", view.workers.size(), fmt::join(view.workers, ", "))
                              : "its program is silent");
    return 0;
}

ItemProgress progress_of(const BatchCounts& counts) {
    ItemProgress progress;
    progress.failed = static_cast<std::size_t>(counts.failed);
    progress.done = static_cast<std::size_t>(counts.ended() - counts.failed);
    progress.of = static_cast<std::size_t>(counts.items);
    progress.usage.input_tokens = counts.used.input_tokens;
    progress.usage.output_tokens = counts.used.output_tokens;
    progress.usd = counts.usd();
    progress.accepted = static_cast<std::size_t>(counts.accepted);
    return progress;
}

/// What can be said of the data before anything is asked.
void announce(const Batch& batch, const Arguments& arguments, Terminal& terminal) {
    const BatchCounts& counts = batch.counts();
    terminal.line(fmt::format("{} item(s), {} ended before", counts.items, counts.ended()));
    if (counts.set_aside == 0) return;
    terminal.line(
        fmt::format("{} {} line(s) that can't be run, kept in {}:", terminal.paint(Colour::yellow, "set aside:"),
                    counts.set_aside, arguments.settings.files.set_aside().string()));
    for (const std::string& fault : batch.faults(faults_shown))
        terminal.line("  " + fault);
    if (counts.set_aside > static_cast<std::int64_t>(faults_shown))
        terminal.line(fmt::format("  … and {} more", counts.set_aside - static_cast<std::int64_t>(faults_shown)));
}

/// Programs of tools are ended, however the batch did.
Task<BatchEnd> run_and_close(Batch& batch, ItemRunner& runner, Engine& engine) {
    BatchEnd end{};
    std::exception_ptr fault;
    try {
        end = co_await batch.run(runner);
    } catch (const std::exception&) {
        fault = std::current_exception();
    }
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    co_await engine.close();
    if (fault) std::rethrow_exception(fault);
    co_return end;
}

WorkflowBundle bundle_of(const Arguments& arguments, const Workflow& workflow) {
    BundleResult made = bundle_workflow(arguments.file);
    if (!made.bundle) {
        std::string why = "the workflow can't be sent to workers:";
        for (const Problem& problem : made.problems)
            why += "\n" + to_string(problem);
        throw std::invalid_argument(why);
    }
    if (made.bundle->hash != workflow.hash)
        throw std::runtime_error("the workflow's files have just changed; try again");
    return std::move(*made.bundle);
}

BatchEnd run_there(Batch& batch, const std::shared_ptr<const Workflow>& workflow, const Arguments& arguments,
                   Terminal& terminal) {
    asio::io_context context(1);
    FleetBatchSettings settings = arguments.fleet;
    settings.notice = [&](const std::string& what) {
        if (!arguments.quiet) terminal.line(what);
    };
    return run_until_done(context,
                          run_on_fleet(batch, *workflow, bundle_of(arguments, *workflow), std::move(settings)));
}

BatchEnd run_here(Batch& batch, const std::shared_ptr<const Workflow>& workflow, RecordedModels& models) {
    asio::io_context context(1);
    Engine engine(workflow, models.make(*workflow, context.get_executor()),
                  make_tool_servers(*workflow, context.get_executor()));
    LocalRunner runner(engine);
    return run_until_done(context, run_and_close(batch, runner, engine));
}

Task<bool> spend(EvenSpending& even, const Agents& agents, std::size_t concurrency) {
    Task<void> spending = even.run(agents, concurrency);
    co_await std::move(spending);
    co_return true;
}

/// Only where it was asked for and every item has ended; else null.
std::unique_ptr<EvenSpending> spend_evenly(Batch& batch, const std::shared_ptr<const Workflow>& workflow,
                                           RecordedModels& models, const Arguments& arguments) {
    const BatchSettings& settings = arguments.settings;
    if (!arguments.against_evenly || !batch.write_output()) return nullptr;
    auto even = std::make_unique<EvenSpending>(workflow, settings.files, settings.calls_per_item.value());
    if (!arguments.quiet)
        Terminal().line(fmt::format("against spending evenly: {} further call(s)", even->calls_left()));
    asio::io_context context(1);
    const Agents agents = models.make(*workflow, context.get_executor());
    run_until_done(context, spend(*even, agents, settings.concurrency));
    return even;
}

/// The end in words, and as an exit code: 0 only if every line of the data has a line in the output, and none failed.
int conclude(Batch& batch, EvenSpending* even, const Arguments& arguments, BatchEnd end) {
    Terminal terminal;
    const BatchFiles& files = arguments.settings.files;
    const bool complete = batch.write_output();
    const BatchCounts& counts = batch.counts();
    nlohmann::ordered_json budget = batch.call_budget();
    if (even) budget["evenly"] = even->report();
    if (arguments.json) {
        auto json = batch_json(files, counts, complete);
        if (!budget.is_null()) json["budget"] = budget;
        print_json(json);
    }
    if (!arguments.quiet) {
        terminal.line(batch_in_words(terminal, files, counts));
        if (!budget.is_null()) terminal.line(call_budget_in_words(budget));
        if (complete) terminal.line(fmt::format("written to {}", files.output.string()));
    }
    if (end == BatchEnd::over_budget)
        print_error(
            fmt::format("--max-usd {:.6g} leaves nothing for the {} item(s) that are left ({:.6g} spent); raise it "
                        "and go on with --resume",
                        *arguments.settings.max_usd, counts.items - counts.ended(), counts.usd()));
    if (counts.failed > 0) print_error(fmt::format("{} item(s) failed; --resume tries them again", counts.failed));
    return complete && counts.failed == 0 && counts.set_aside == 0 ? 0 : 1;
}

void say_interrupted(const Batch& batch) {
    Terminal().line(fmt::format("interrupted with {} of {} item(s) ended; go on with --resume", batch.counts().ended(),
                                batch.counts().items));
}

std::unique_ptr<Batch> open_batch(const Arguments& arguments, const std::shared_ptr<const Workflow>& workflow) {
    if (arguments.from_pipe()) {
        std::ios::sync_with_stdio(false);  // or a failing read would look like the end
        return std::make_unique<Batch>(workflow, std::cin, arguments.settings);
    }
    std::ifstream data(arguments.data, std::ios::binary);
    if (!data || std::filesystem::is_directory(arguments.data))
        throw std::invalid_argument(fmt::format("cannot read {}", arguments.data));
    return std::make_unique<Batch>(workflow, data, arguments.settings);
}

CallsPerItem calls_per_item_of(const std::string& text) {
    if (const auto calls = CallsPerItem::parse(text)) return *calls;
    throw std::invalid_argument(fmt::format(
        "--calls-per-item {} is no number from 1 to 1000 with at most 6 decimal places, like 2 or 1.5", text));
}

void take_budget(Arguments& arguments, const Workflow& workflow) {
    BatchSettings& settings = arguments.settings;
    if (!arguments.calls_per_item.empty()) settings.calls_per_item = calls_per_item_of(arguments.calls_per_item);
    if (settings.calls_per_item && !arguments.fleet.server.urls.empty())
        throw std::invalid_argument("--calls-per-item is of this machine: it doesn't go with --nats");
    if (!arguments.against_evenly) return;
    if (!settings.calls_per_item) throw std::invalid_argument("--against-evenly needs --calls-per-item");
    if (const auto why = why_not_evenly(workflow)) throw std::invalid_argument(*why);
    settings.keep_events = true;
}

/// Nothing has been asked yet: whatever is wrong is wrong with what was given.
std::unique_ptr<Batch> open_or_explain(const Arguments& arguments, const std::shared_ptr<const Workflow>& workflow) {
    try {
        return open_batch(arguments, workflow);
    } catch (const std::invalid_argument&) {
        throw;
    } catch (const std::runtime_error& error) {
        throw std::invalid_argument(error.what());
    }
}

int run_batch(Arguments& arguments) {
    const auto workflow = load_or_explain(arguments.file, arguments.format(), Calibrations::required, Pins::required,
                                          arguments.warnings());
    if (!workflow) return bad_use;
    check_output(arguments.output);
    BatchSettings& settings = arguments.settings;
    settings.data_passes_once = arguments.from_pipe() || !std::filesystem::is_regular_file(arguments.data);
    const bool fleet = !arguments.fleet.server.urls.empty();
    if (fleet && arguments.cassettes.any())
        throw std::invalid_argument("--record, --replay and --cache are of this machine: they don't go with --nats");
    settings.concurrency = fleet ? arguments.concurrency.value_or(items_on_server)
                                 : useful_concurrency(*workflow, arguments.concurrency.value_or(settings.concurrency));
    take_budget(arguments, *workflow);
    RecordedModels models(arguments.cassettes);
    Terminal terminal;
    ItemBar bar(terminal);
    if (!arguments.quiet)
        settings.on_progress = [&](const BatchCounts& counts, std::size_t) { bar.show(progress_of(counts)); };
    if (!arguments.quiet)
        settings.on_pass = [&](const std::string& what) {
            if (!what.empty()) terminal.line(what);
        };
    const std::unique_ptr<Batch> batch = open_or_explain(arguments, workflow);
    if (!arguments.quiet) announce(*batch, arguments, terminal);
    try {
        const BatchEnd end =
            fleet ? run_there(*batch, workflow, arguments, terminal) : run_here(*batch, workflow, models);
        const auto even = spend_evenly(*batch, workflow, models, arguments);
        const int code = conclude(*batch, even.get(), arguments, end);
        return models.explain_faults() ? code : 1;
    } catch (const boost::system::system_error& error) {
        if (error.code() != asio::error::operation_aborted) throw;
        say_interrupted(*batch);
        return interrupted;
    }
}

int batch_verb(Arguments& arguments) {
    arguments.settings.files.output = arguments.output;
    try {
        if (arguments.status && arguments.output.empty() && !arguments.fleet.server.urls.empty())
            return fleet_status_verb(arguments);
        if (arguments.output.empty()) throw std::invalid_argument("-o FILE is needed: where the results go");
        if (arguments.status) return status_verb(arguments);
        if (arguments.file.empty() || arguments.data.empty())
            throw std::invalid_argument("a workflow file and a file of data are needed (enough batch --help)");
        return run_batch(arguments);
    } catch (const std::invalid_argument& error) {
        explain(error.what(), arguments.format());
        return bad_use;
    } catch (const std::runtime_error& error) {
        explain(error.what(), arguments.format());
        return arguments.status ? bad_use : 1;
    }
}

}  // namespace

void add_batch(CLI::App& app, int& exit) {
    auto arguments = std::make_shared<Arguments>();
    CLI::App* verb = app.add_subcommand("batch", "Run a workflow on every line of a file");
    verb->add_option("file", arguments->file, "Workflow file")->type_name("FILE");
    verb->add_option("data", arguments->data, "Items, JSON lines: {\"id\", \"inputs\"}; - for standard input")
        ->type_name("DATA");
    verb->add_option("-o,--output", arguments->output, "Write a report per item here, in the order of the data")
        ->type_name("FILE");
    verb->add_option("-c,--concurrency", arguments->concurrency,
                     "Items at once (default 16; with --nats, items on the server at once, default 1000)")
        ->check(CLI::Range(1, 100'000));
    verb->add_flag("--resume", arguments->settings.resume, "Go on with an earlier try; failed items are tried again");
    verb->add_flag("--force", arguments->settings.force,
                   "With --resume: although the workflow or the data have changed");
    verb->add_flag("--strict", arguments->settings.strict, "Refuse data with bad lines instead of setting them aside");
    verb->add_option("--max-usd", arguments->settings.max_usd, "Begin no further item once this much is spent")
        ->check(CLI::PositiveNumber);
    verb->add_option("--calls-per-item", arguments->calls_per_item,
                     "A budget of so many calls per item on average (1 to 1000, like 1.5): one call for each item "
                     "first, what is left to the unsure ones, the neediest first")
        ->type_name("B");
    verb->add_flag("--against-evenly", arguments->against_evenly,
                   "With --calls-per-item: then make the calls that spending them evenly would have made, and compare");
    verb->add_flag("--status", arguments->status,
                   "Say how the batch of -o FILE stands, also while it runs; with --nats alone: what is on the server");
    arguments->cassettes.add_to(*verb);
    add_fleet_options(*verb, arguments->fleet.server, false);
    const auto milliseconds = [&](const char* name, std::chrono::milliseconds& target, const char* help) {
        verb->add_option_function<std::int64_t>(
                name, [&target](std::int64_t value) { target = std::chrono::milliseconds(value); }, help)
            ->check(CLI::Range(100, 3'600'000))
            ->type_name("MS");
    };
    milliseconds("--lease-ms", arguments->fleet.lease,
                 "With --nats: a worker silent for so long loses its item (30000)");
    milliseconds("--silence-ms", arguments->fleet.silence,
                 "With --nats: workers stop when they hear nothing of this program for so long (10000)");
    verb->add_option("--max-deliveries", arguments->fleet.max_deliveries,
                     "With --nats: an item that so many workers did not survive has failed (5)")
        ->check(CLI::Range(1, 1'000));
    verb->add_flag("--json", arguments->json, "Print the summary as JSON");
    verb->add_flag("-q,--quiet", arguments->quiet, "No progress and no warnings on standard error");
    verb->callback([arguments, &exit] { exit = batch_verb(*arguments); });
}

}  // namespace enough::cli
