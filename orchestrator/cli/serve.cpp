#include "log_options.hpp"
#include "problems.hpp"
#include "terminal.hpp"
#include "trace_options.hpp"
#include "until_done.hpp"
#include "verb.hpp"

#include <enough/orchestrator/server.hpp>

#include <fmt/format.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <charconv>
#include <csignal>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace enough::cli {
namespace {

struct Arguments {
    std::vector<std::string> files;
    std::string listen = "127.0.0.1:8484";
    ServeSettings settings;
    std::string api_keys;
    std::string store;
    double drain = 30;
    TraceArguments traces;
    double request_timeout = 3'600;
};

std::chrono::milliseconds milliseconds(double seconds) {
    return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1'000));
}

/// `127.0.0.1:8484`, `[::1]:8484`.
void read_listen(const std::string& text, ServeSettings& settings) {
    const std::size_t colon = text.rfind(':');
    const auto bad = std::invalid_argument(fmt::format("--listen {}: expected ADDRESS:PORT", text));
    if (colon == std::string::npos || colon == 0) throw bad;
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data() + colon + 1, end, settings.port);
    if (read.ec != std::errc() || read.ptr != end) throw bad;
    settings.address = text.substr(0, colon);
    if (settings.address.starts_with('[') && settings.address.ends_with(']'))
        settings.address = settings.address.substr(1, settings.address.size() - 2);
}

void read_store(const std::string& file, StoreSettings& store) {
    if (file.empty() && store.resume) throw std::invalid_argument("--resume needs --store FILE");
    store.file = file;
    store.notice = [](const std::string& words) { Terminal().line(words); };
}

/// Empty if one of them has errors: they have been explained.
std::vector<std::shared_ptr<const Workflow>> load_all(const std::vector<std::string>& files) {
    std::vector<std::shared_ptr<const Workflow>> workflows;
    bool good = true;
    for (const std::string& file : files) {
        workflows.push_back(load_or_explain(file, Format::text));
        good = good && workflows.back();
    }
    if (!good) workflows.clear();
    return workflows;
}

/// SIGHUP reads the files again; where a workflow is broken, all stay as they are, and so do the keys where theirs is.
class Reload {
public:
    Reload(asio::io_context& context, Server& server, const std::vector<std::string>& files)
        : signals_(context, SIGHUP), server_(server), files_(files) {
        listen();
    }

    void done() { signals_.cancel(); }

private:
    void listen() {
        signals_.async_wait([this](const boost::system::error_code& error, int) {
            if (error) return;
            reload();
            listen();
        });
    }

    void reload() {
        try {
            const auto workflows = load_all(files_);
            if (!workflows.empty()) server_.offer(workflows);
            Terminal().line(workflows.empty() ? "still serving the workflows of before" : "workflows reloaded");
        } catch (const std::exception& error) {
            print_error(fmt::format("{}; still serving the workflows of before", error.what()));
        }
        try {
            server_.reload_keys();
        } catch (const std::exception& error) {
            print_error(fmt::format("{}; the keys of before still hold", error.what()));
        }
    }

    asio::signal_set signals_;
    Server& server_;
    const std::vector<std::string>& files_;
};

Task<bool> serve_until_cancelled(Server& server, Reload& reload) {
    co_await server.serve();
    reload.done();
    co_return true;
}

int serve(Arguments arguments) {
    try {
        read_listen(arguments.listen, arguments.settings);
        arguments.settings.api_keys = arguments.api_keys;
        arguments.settings.drain = milliseconds(arguments.drain);
        arguments.settings.traces = arguments.traces.settings();
        arguments.settings.limits.total_time = milliseconds(arguments.request_timeout);
        read_store(arguments.store, arguments.settings.store);
        const auto workflows = load_all(arguments.files);
        if (workflows.empty()) return bad_use;
        asio::io_context context(1);
        Server server(context.get_executor(), arguments.settings);
        server.offer(workflows);
        Reload reload(context, server, arguments.files);
        Terminal().line(fmt::format("serving {} workflow(s) at http://{} (Ctrl-C ends it in order, twice at once)",
                                    workflows.size(), server.address()));
        run_until_done(context, serve_until_cancelled(server, reload));
        return 0;
    } catch (const std::exception& error) {
        print_error(error.what());
        return bad_use;
    }
}

}  // namespace

void add_serve(CLI::App& app, int& exit) {
    auto arguments = std::make_shared<Arguments>();
    CLI::App* verb = app.add_subcommand("serve", "Serve workflows over HTTP, as an OpenAI API");
    verb->add_option("files", arguments->files, "Workflow files")->required()->type_name("FILE...");
    verb->add_option("--listen", arguments->listen, "Where to listen (default: 127.0.0.1:8484; port 0: a free one)")
        ->type_name("ADDRESS:PORT");
    verb->add_option("--api-keys", arguments->api_keys, "File with a key a line; needed beyond loopback")
        ->type_name("FILE");
    verb->add_option("--max-runs", arguments->settings.limits.runs, "Runs in flight; more get 429 (default: 1000)")
        ->check(CLI::PositiveNumber)
        ->type_name("N");
    verb->add_option("--max-usd", arguments->settings.max_usd, "Money for all runs together; then runs are refused")
        ->check(CLI::PositiveNumber)
        ->type_name("USD");
    verb->add_option("--max-connections", arguments->settings.limits.connections,
                     "Connections at once; more get 503 (default: 1024)")
        ->check(CLI::PositiveNumber)
        ->type_name("N");
    verb->add_option("--max-body", arguments->settings.limits.body_bytes, "Bytes of a request (default: 1 MiB)")
        ->transform(CLI::AsSizeValue(false))
        ->type_name("SIZE");
    verb->add_option("--request-timeout", arguments->request_timeout,
                     "Seconds for a completion; its run is cancelled then (default: 3600)")
        ->check(CLI::PositiveNumber)
        ->type_name("SECONDS");
    verb->add_option("--cors", arguments->settings.cors_origin, "Origin whose pages may ask, too, or * (default: none)")
        ->type_name("ORIGIN");
    StoreSettings& store = arguments->settings.store;
    verb->add_option("--store", arguments->store, "Keep runs and their events in this SQLite file")->type_name("FILE");
    verb->add_option("--keep-runs", store.keep_runs, "Ended runs to keep in the store (default: 10000)")
        ->check(CLI::PositiveNumber)
        ->type_name("N");
    verb->add_option("--keep-days", store.keep_days, "Days to keep ended runs in the store (default: no end)")
        ->check(CLI::PositiveNumber)
        ->type_name("D");
    verb->add_flag("--resume", store.resume, "Go on with the store's interrupted runs");
    verb->add_option("--drain", arguments->drain, "Seconds for requests in flight at the end (default: 30)")
        ->check(CLI::NonNegativeNumber)
        ->type_name("SECONDS");
    arguments->traces.add_to(*verb);
    add_log_options(*verb, arguments->settings.log);
    verb->callback([arguments, &exit] { exit = serve(*arguments); });
}

}  // namespace enough::cli
