#include "fleet_options.hpp"
#include "terminal.hpp"
#include "until_done.hpp"
#include "verb.hpp"

#include <enough/orchestrator/fleet.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/system_error.hpp>

#include <exception>
#include <memory>
#include <string>

namespace enough::cli {
namespace {

struct Arguments {
    FleetWorkerSettings settings;
    bool quiet = false;
};

Task<bool> work(FleetWorkerSettings settings) {
    co_await work_for_fleet(std::move(settings));
    co_return true;
}

/// Works until it is told to stop; that is its good end.
int worker_verb(Arguments& arguments) {
    Terminal terminal;
    arguments.settings.notice = [&](const std::string& what) {
        if (!arguments.quiet) terminal.line(what);
    };
    asio::io_context context(1);
    try {
        run_until_done(context, work(arguments.settings));
    } catch (const boost::system::system_error& error) {
        if (error.code() != asio::error::operation_aborted) throw;
        if (!arguments.quiet) terminal.line("stopped; what was under way goes on elsewhere");
        return 0;
    } catch (const std::exception& error) {
        print_error(error.what());
        return 1;
    }
    return 0;
}

}  // namespace

void add_worker(CLI::App& app, int& exit) {
    auto arguments = std::make_shared<Arguments>();
    CLI::App* verb = app.add_subcommand("worker", "Run items of the batches on a NATS server until stopped");
    add_fleet_options(*verb, arguments->settings.server, true);
    verb->add_option("-c,--concurrency", arguments->settings.slots, "Runs at once (default 16)")
        ->check(CLI::Range(1, 10'000));
    verb->add_option("--models", arguments->settings.models, "Serve only workflows that need no others: NAME,NAME")
        ->delimiter(',')
        ->type_name("NAMES");
    verb->add_option("--name", arguments->settings.name, "What it is called (default: host name and process id)")
        ->type_name("NAME");
    verb->add_flag("-q,--quiet", arguments->quiet, "Nothing on standard error but errors");
    verb->callback([arguments, &exit] { exit = worker_verb(*arguments); });
}

}  // namespace enough::cli
