#include "fleet/batch_service.hpp"

#include "fleet/fleet_names.hpp"
#include "fleet/patience.hpp"

#include <enough/agents/settings.hpp>
#include <enough/workflows/bundle.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <variant>

namespace enough::fleet {
namespace {

constexpr std::chrono::milliseconds between_news{2'000};
constexpr std::chrono::milliseconds look_for_jobs{1'000};
constexpr std::chrono::seconds to_open{30};
constexpr std::chrono::milliseconds call_timeout{5'000};
constexpr std::size_t most_problems = 5;

std::string words(const std::vector<Problem>& problems) {
    std::vector<std::string> lines;
    for (const Problem& problem : problems)
        if (problem.severity == Severity::error && lines.size() < most_problems) lines.push_back(to_string(problem));
    return fmt::format("{}", fmt::join(lines, "; "));
}

Agents make_sharing_agents(const Workflow& workflow, const std::shared_ptr<RateShare>& share,
                           const asio::any_io_executor& executor) {
    Agents agents;
    for (const auto& [key, model] : models_in(workflow)) {
        Model sharing = *model;
        set_rate_share(sharing.provider, share);
        agents.emplace(key, make_model_agent(sharing, executor));
    }
    return with_fallbacks(std::move(agents), workflow);
}

}  // namespace

std::optional<std::string> cannot_serve(const Workflow& workflow, const std::vector<std::string>& models) {
    for (const auto& [key, model] : models_in(workflow)) {
        if (!models.empty() && std::find(models.begin(), models.end(), key) == models.end())
            return fmt::format("it needs the model '{}', which this worker does not serve", key);
        const auto* llama = std::get_if<LlamaSettings>(&model->provider);
        std::error_code ignored;
        if (llama && !std::filesystem::exists(llama->path, ignored))
            return fmt::format("the file of the model '{}' is not on its machine", key);
    }
    return std::nullopt;
}

BatchService::BatchService(nats::Connection& connection, const FleetWorkerSettings& settings, std::string batch,
                           Slots& slots, asio::any_io_executor executor)
    : connection_(connection),
      settings_(settings),
      batch_(std::move(batch)),
      slots_(slots),
      executor_(executor),
      jobs_(executor),
      bell_(executor) {}

void BatchService::hear(const Beat& beat) {
    heard_ = Clock::now();
    beat_ = beat;
    const auto place = std::find(beat.workers.begin(), beat.workers.end(), settings_.name);
    if (place != beat.workers.end())
        share_->set(static_cast<int>(beat.workers.size()), static_cast<int>(place - beat.workers.begin()));
    if (!alive()) jobs_.cancel();
    bell_.ring();
}

bool BatchService::alive() const {
    return !beat_.cancelled && !beat_.done && (!shop_ || Clock::now() - heard_ < shop_->notice.silence);
}

/// Who is not on the list yet has no part of the rate limits.
bool BatchService::listed() const {
    return std::find(beat_.workers.begin(), beat_.workers.end(), settings_.name) != beat_.workers.end();
}

News BatchService::news() const {
    return {settings_.name, slots_.all, slots_.busy, "", false};
}

Task<void> BatchService::say(News news) {
    const nats::Result<void> ignored =
        co_await nats::Messages(connection_).publish(news_subject(batch_), to_text(news), call_timeout);
    static_cast<void>(ignored);
}

Task<void> BatchService::serve() {
    const bool ready = co_await open();
    if (!ready) co_return;
    settings_.notice(fmt::format("serving batch {} ({})", batch_, shop_->workflow->name));
    TaskGroup telling(executor_);
    telling.spawn(tell());
    ++slots_.services;
    std::exception_ptr fault;
    try {
        co_await work();
    } catch (const std::exception&) {
        fault = std::current_exception();
    }
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    jobs_.cancel();
    try {
        co_await jobs_.join();
    } catch (const std::exception&) {
        fault = std::current_exception();
    }
    --slots_.services;
    telling.cancel();
    co_await telling.join();
    News leaving = news();
    leaving.leaving = true;
    co_await say(std::move(leaving));
    co_await shop_->engine->close();
    settings_.notice(fmt::format("no longer serving batch {}", batch_));
    if (fault) std::rethrow_exception(fault);
}

Task<bool> BatchService::open() {
    std::optional<std::string> refusal;
    std::string fault;
    try {
        refusal = co_await prepare();
    } catch (const boost::system::system_error&) {
        throw;
    } catch (const std::exception& error) {
        fault = error.what();
    }
    if (!fault.empty()) refusal = fault;
    if (!refusal) co_return true;
    settings_.notice(fmt::format("batch {} is not for this worker: {}", batch_, *refusal));
    News news{settings_.name, 0, 0, *refusal, false};
    co_await say(std::move(news));
    co_return false;
}

/// Why the batch can't be served; absent: all is ready.
Task<std::optional<std::string>> BatchService::prepare() {
    nats::Result<nats::Bucket> batches = co_await open_batches(connection_);
    if (!batches.has_value()) co_return batches.error().message;
    const auto look = [&] { return batches->get(batch_); };
    nats::Result<std::optional<nats::BucketEntry>> entry =
        co_await patiently<std::optional<nats::BucketEntry>>(look, Deadline::after(to_open));
    if (!entry.has_value()) co_return entry.error().message;
    if (!*entry) co_return "it is not on the server";
    nats::Result<BatchPlaces> places = co_await BatchPlaces::open(connection_, batch_);
    if (!places.has_value()) co_return places.error().message;
    nats::Result<std::string> text = co_await places->payloads.unpack((*entry)->value);
    if (!text.has_value()) co_return text.error().message;
    BatchNotice notice = read_notice(*text);
    const auto bundle = bundle_from_json(notice.bundle);
    if (const auto* why = std::get_if<std::string>(&bundle)) co_return *why;
    LoadResult loaded = load_bundle(std::get<WorkflowBundle>(bundle));
    if (!loaded.workflow) co_return words(loaded.problems);
    if (auto why = cannot_serve(*loaded.workflow, settings_.models)) co_return why;
    auto engine = std::make_unique<Engine>(loaded.workflow, make_sharing_agents(*loaded.workflow, share_, executor_),
                                           make_tool_servers(*loaded.workflow, executor_));
    shop_ = std::make_unique<Workshop>(
        Workshop{std::move(notice), settings_.name, std::move(*places), loaded.workflow, std::move(engine)});
    co_return std::nullopt;
}

Task<void> BatchService::tell() {
    for (;;) {
        co_await say(news());
        co_await pause(between_news);
    }
}

Task<void> BatchService::work() {
    nats::Result<nats::PullConsumer> consumer = co_await enough::fleet::take_jobs(shop_->places.streams, shop_->notice);
    if (!consumer.has_value()) throw std::runtime_error(consumer.error().message);
    while (alive()) {
        if (listed() && slots_.busy < slots_.all)
            co_await take_jobs(*consumer);
        else
            co_await bell_.wait(Deadline::after(look_for_jobs));
    }
}

Task<void> BatchService::take_jobs(const nats::PullConsumer& consumer) {
    const int free = std::max(1, (slots_.all - slots_.busy) / std::max(1, slots_.services));
    slots_.busy += free;  // kept free of other batches' jobs until it is known how many came
    std::optional<nats::Result<std::vector<nats::Delivery>>> jobs;
    std::exception_ptr fault;
    try {
        jobs = co_await consumer.fetch(free, look_for_jobs);
    } catch (const std::exception&) {
        fault = std::current_exception();
    }
    slots_.busy -= free;
    if (fault) std::rethrow_exception(fault);
    if (!jobs->has_value()) {
        if (!passes(jobs->error().kind)) throw std::runtime_error(jobs->error().message);
        co_await pause(std::chrono::milliseconds(300));
        co_return;
    }
    for (nats::Delivery& delivery : **jobs)
        jobs_.spawn(run(std::move(delivery)));
}

Task<void> BatchService::run(nats::Delivery delivery) {
    ++slots_.busy;
    const std::string subject = delivery.subject();
    JobRun job(*shop_, std::move(delivery), executor_);
    try {
        co_await job.to_end();
    } catch (const std::exception& error) {
        // Its lease ends, and somebody tries again; who fails too often is given up.
        settings_.notice(fmt::format("{}: {}", subject, error.what()));
    }
    --slots_.busy;
    bell_.ring();
}

}  // namespace enough::fleet
