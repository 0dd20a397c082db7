#include <enough/orchestrator/server.hpp>

#include "serve/api.hpp"
#include "serve/http_server.hpp"
#include "serve/observed_requests.hpp"
#include "serve/server_telemetry.hpp"

#include <fmt/format.h>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <stdexcept>
#include <utility>

namespace enough {
namespace {

constexpr std::chrono::seconds last_words{1};  // for clients to be told that their run was cancelled

asio::ip::tcp::endpoint endpoint_of(const ServeSettings& settings) {
    boost::system::error_code error;
    const auto address = asio::ip::make_address(settings.address, error);
    if (error) throw std::invalid_argument(fmt::format("'{}' is no IP address to listen on", settings.address));
    if (!address.is_loopback() && settings.api_keys.empty())
        throw std::invalid_argument(
            fmt::format("{} can be reached from outside: that needs keys (--api-keys FILE)", settings.address));
    return {address, settings.port};
}

ApiKeys keys_of(const ServeSettings& settings) {
    if (settings.api_keys.empty()) return {};
    try {
        return ApiKeys::read(settings.api_keys);
    } catch (const std::runtime_error& error) {
        throw std::invalid_argument(error.what());
    }
}

RequestGuard guard_of(const ServeSettings& settings) {
    return RequestGuard{settings.api_keys.empty(), settings.cors_origin};
}

std::unique_ptr<RunStore> store_of(const asio::any_io_executor& executor, const StoreSettings& settings) {
    if (settings.file.empty()) return nullptr;
    try {
        return std::make_unique<RunStore>(executor, settings);
    } catch (const std::runtime_error& error) {
        throw std::invalid_argument(error.what());
    }
}

/// A budget in money can't be kept where a call has no price.
void check_prices(const Workflow& workflow) {
    for (const auto& [key, model] : models_in(workflow))
        if (!model->price && server_settings(model->provider) != nullptr)
            throw std::invalid_argument(
                fmt::format("a limit in USD can't be kept without a price: workflow '{}', model '{}' has none",
                            workflow.name, key));
}

}  // namespace

struct Server::State {
    State(asio::any_io_executor on, const ServeSettings& given)
        : executor(std::move(on)),
          settings(given),
          telemetry(executor, given),
          clients(keys_of(given), RunAllowance{given.max_usd, std::nullopt}),
          store(store_of(executor, given.store)),
          runs(executor, Runs::Limits{given.limits.runs, given.limits.kept_runs}, store.get()),
          api(executor, workflows, clients, runs, store.get(), settings.limits, guard_of(given)),
          observed(api, telemetry.metrics(), telemetry.log(), telemetry.traced()),
          http(executor, endpoint_of(given), settings.limits, observed) {
        telemetry.watch(runs);
        telemetry.watch_store(store.get());
        telemetry.watch_connections([this] { return http.connections(); });
        api.show_metrics([this] { return metrics(); });
    }

    ServerResponse metrics() { return ServerResponse(200, telemetry.metrics().text(), MetricRegistry::content_type); }

    asio::any_io_executor executor;
    ServeSettings settings;
    ServedWorkflows workflows;
    ServerTelemetry telemetry;
    Clients clients;
    std::unique_ptr<RunStore> store;
    Runs runs;
    Api api;
    ObservedRequests observed;
    HttpServer http;
};

Server::Server(asio::any_io_executor executor, const ServeSettings& settings) {
    try {
        state_ = std::make_unique<State>(std::move(executor), settings);
    } catch (const boost::system::system_error& error) {
        throw std::invalid_argument(
            fmt::format("cannot listen on {} port {}: {}", settings.address, settings.port, error.code().message()));
    }
}

Server::~Server() = default;

void Server::offer(const std::vector<std::shared_ptr<const Workflow>>& workflows) {
    ServedWorkflows offered;
    for (const auto& workflow : workflows) {
        auto served = std::make_shared<ServedWorkflow>();
        if (state_->clients.counts_money()) check_prices(*workflow);
        served->workflow = workflow;
        served->engine = std::make_unique<Engine>(workflow, state_->executor);
        if (!offered.emplace(workflow->name, std::move(served)).second)
            throw std::invalid_argument(fmt::format("two workflows have the name '{}'", workflow->name));
    }
    state_->workflows = std::move(offered);
}

void Server::reload_keys() {
    ApiKeys keys = keys_of(state_->settings);
    if (keys.count_money())
        for (const auto& [name, served] : state_->workflows)
            check_prices(*served->workflow);
    state_->clients.replace(std::move(keys));
}

std::string Server::address() const {
    const auto endpoint = state_->http.endpoint();
    const std::string host = endpoint.address().to_string();
    return fmt::format("{}:{}", endpoint.address().is_v6() ? "[" + host + "]" : host, endpoint.port());
}

Task<void> Server::serve() {
    co_await asio::this_coro::throw_if_cancelled(false);
    if (state_->settings.store.resume) {
        const std::string words = co_await state_->api.resume_all();
        if (!words.empty() && state_->settings.store.notice) state_->settings.store.notice(words);
    }
    TaskGroup accepting(state_->executor);
    accepting.spawn(state_->http.serve(state_->settings.drain + last_words));
    state_->telemetry.start();
    boost::system::error_code ignored;
    asio::steady_timer never(state_->executor, asio::steady_timer::time_point::max());
    co_await never.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    state_->api.leave();
    asio::steady_timer notice(state_->executor, state_->settings.drain_notice);
    co_await notice.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    state_->http.stop();
    const Deadline deadline = Deadline::after(state_->settings.drain);
    co_await state_->runs.drain(deadline);  // those that are cancelled tell their clients so
    co_await accepting.join();
    co_await state_->runs.drain(deadline);  // begun by requests that were being read
    co_await state_->telemetry.finish();
    for (const auto& [name, served] : state_->workflows)
        co_await served->engine->close();
}

}  // namespace enough
