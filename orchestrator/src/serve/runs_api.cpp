#include "serve/runs_api.hpp"

#include "serve/api_error.hpp"
#include "serve/bell.hpp"
#include "serve/run_query.hpp"

#include <enough/workflows/inputs.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace enough {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::chrono::seconds longest_wait{300};
constexpr std::size_t events_at_once = 256 * 1024;

/// Rings at every event.
class EventWatch final : public RunFollower {
public:
    explicit EventWatch(const asio::any_io_executor& executor) : bell_(executor) {}
    void on_event(const Event&) override { bell_.ring(); }
    Bell& bell() { return bell_; }

private:
    Bell bell_;
};

ServerResponse json_response(int status, const Json& body) {
    return ServerResponse(status, body.dump(-1, ' ', false, Json::error_handler_t::replace));
}

ServerResponse no_such_run() {
    return error_response(
        ApiError{.status = 404, .message = "there is no such run (any more)", .code = "run_not_found"});
}

std::optional<std::uint64_t> number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// `30s` or `500ms`; absent for anything else.
std::optional<std::chrono::milliseconds> duration(std::string_view text) {
    const bool milliseconds = text.ends_with("ms");
    if (!milliseconds && !text.ends_with('s')) return std::nullopt;
    const auto value = number(text.substr(0, text.size() - (milliseconds ? 2 : 1)));
    if (!value || *value > 86'400'000) return std::nullopt;
    const std::chrono::milliseconds given(milliseconds ? *value : *value * 1'000);
    return std::min<std::chrono::milliseconds>(given, longest_wait);
}

struct Start {
    std::shared_ptr<ServedWorkflow> served;
    nlohmann::json inputs;
};

std::variant<Start, ApiError> read_start(const std::string& body, const ServedWorkflows& workflows) {
    const auto given = nlohmann::json::parse(body, nullptr, false);
    if (!given.is_object()) return ApiError{.message = "the body must be a JSON object: {\"workflow\", \"inputs\"}"};
    for (const auto& [key, value] : given.items())
        if (key != "workflow" && key != "inputs")
            return ApiError{.message = "unknown field; there are workflow and inputs", .param = key};
    const auto workflow = given.value("workflow", nlohmann::json());
    const auto served = workflow.is_string() ? workflows.find(workflow.get<std::string>()) : workflows.end();
    if (served == workflows.end())
        return ApiError{.status = 404,
                        .message = "'workflow' names none that is served (GET /v1/models lists them)",
                        .code = "model_not_found",
                        .param = "workflow"};
    std::vector<std::string> faults;
    auto inputs = given.value("inputs", nlohmann::json::object());
    if (!inputs.is_object()) return ApiError{.message = "'inputs' must be an object", .param = "inputs"};
    inputs = check_inputs(*served->second->workflow, inputs, faults);
    if (!faults.empty()) return ApiError{.message = fmt::format("{}", fmt::join(faults, "; ")), .param = "inputs"};
    return Start{served->second, std::move(inputs)};
}

std::string event_text(std::uint64_t number, std::string_view type, std::string_view body) {
    return fmt::format("id: {}\nevent: {}\ndata: {}\n\n", number, type, body);
}

std::string event_text(const Event& event) {
    const auto body = to_json(event).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return event_text(event.number, type_name(event.body), body);
}

ServerResponse event_stream() {
    ServerResponse head(200, "", "text/event-stream");
    head.headers.emplace_back("Cache-Control", "no-cache");
    return head;
}

}  // namespace

RunsApi::RunsApi(asio::any_io_executor executor, const ServedWorkflows& workflows, Runs& runs, StoredRuns& stored,
                 const ServerLimits& limits)
    : executor_(std::move(executor)), workflows_(workflows), runs_(runs), stored_(stored), limits_(limits) {}

Task<void> RunsApi::start(ServerRequest request, ResponseWriter& writer) {
    auto read = read_start(request.body, workflows_);
    if (const auto* error = std::get_if<ApiError>(&read)) co_return co_await writer.send(error_response(*error));
    std::chrono::milliseconds wait{0};
    if (const std::string text = query_parameter(request, "wait"); !text.empty()) {
        const auto given = duration(text);
        const ApiError fault{.message = "'wait' is a duration such as 30s or 500ms", .param = "wait"};
        if (!given) co_return co_await writer.send(error_response(fault));
        wait = *given;
    }
    const ApiError busy{.status = 429, .message = "as many runs are in flight as this server allows", .code = "busy"};
    if (runs_.full()) co_return co_await writer.send(error_response(busy));
    Start& asked = std::get<Start>(read);
    const auto run = runs_.start(std::move(asked.served), std::move(asked.inputs));
    EventWatch watch(executor_);
    const Following following(*run, watch);
    const Deadline deadline = Deadline::after(wait);
    while (!run->ended() && !deadline.expired())
        co_await watch.bell().wait(deadline);
    ServerResponse response = json_response(run->ended() ? 200 : 202, run->report());
    response.headers.emplace_back("x-enough-run-id", run->id());
    response.headers.emplace_back("Location", "/v1/runs/" + run->id());
    co_await writer.send(std::move(response));
}

Task<std::optional<RunKey>> RunsApi::key_of(std::string id) {
    if (const auto run = runs_.find(id)) co_return run->key();
    const auto stored = co_await stored_.find(std::move(id));
    if (!stored) co_return std::nullopt;
    co_return stored->key();
}

Task<void> RunsApi::list(ServerRequest request, ResponseWriter& writer) {
    auto read = read_run_filter(request);
    if (const auto* error = std::get_if<ApiError>(&read)) co_return co_await writer.send(error_response(*error));
    RunFilter filter = std::get<RunFilter>(std::move(read));
    if (const std::string before = query_parameter(request, "before"); !before.empty()) {
        filter.before = co_await key_of(before);
        const ApiError unknown{.message = "'before' names a run that is not there (any more)", .param = "before"};
        if (!filter.before) co_return co_await writer.send(error_response(unknown));
    }
    StoredRuns::Page page = co_await stored_.list(std::move(filter));
    Json body{{"data", std::move(page.data)}, {"next", nullptr}};
    if (page.next) body["next"] = *page.next;
    co_await writer.send(json_response(200, body));
}

Task<void> RunsApi::show(std::string id, ResponseWriter& writer) {
    if (const auto run = runs_.find(id)) co_return co_await writer.send(json_response(200, run->report()));
    auto stored = co_await stored_.find(id);
    if (!stored) co_return co_await writer.send(no_such_run());
    const Json report = co_await stored_.report(std::move(*stored));
    co_await writer.send(json_response(200, report));
}

Task<void> RunsApi::resume(std::string id, ResponseWriter& writer) {
    const auto resumed = co_await stored_.resume(id);
    if (const auto* error = std::get_if<ApiError>(&resumed)) co_return co_await writer.send(error_response(*error));
    const auto& run = std::get<std::shared_ptr<ServedRun>>(resumed);
    ServerResponse response = json_response(202, run->report());
    response.headers.emplace_back("x-enough-run-id", run->id());
    response.headers.emplace_back("Location", "/v1/runs/" + run->id());
    co_await writer.send(std::move(response));
}

Task<void> RunsApi::cancel(std::string id, ResponseWriter& writer) {
    const auto run = runs_.find(id);
    if (!run) co_return co_await show(std::move(id), writer);  // it has ended
    runs_.cancel(id);
    EventWatch watch(executor_);
    const Following following(*run, watch);
    while (!run->ended())
        co_await watch.bell().wait(Deadline::never());
    co_await writer.send(json_response(200, run->report()));
}

Task<void> RunsApi::events(std::string id, ServerRequest request, ResponseWriter& writer) {
    const std::uint64_t next = number(request.header("last-event-id").value_or("0")).value_or(0);
    if (auto run = runs_.find(id)) co_return co_await live_events(std::move(run), next, writer);
    const auto stored = co_await stored_.find(id);
    if (!stored) co_return co_await writer.send(no_such_run());
    co_await stored_events(std::move(id), next, writer);
}

Task<void> RunsApi::live_events(std::shared_ptr<ServedRun> run, std::size_t next, ResponseWriter& writer) {
    co_await writer.begin(event_stream());
    EventWatch watch(executor_);
    const Following following(*run, watch);
    for (;;) {
        std::string text;
        for (; next < run->events().size() && text.size() < events_at_once; ++next)
            text += event_text(run->events()[next]);
        const bool all = next >= run->events().size();
        if (!text.empty()) co_await writer.write(std::move(text));
        if (all && run->ended()) break;
        if (all && !co_await watch.bell().wait(Deadline::after(limits_.keep_alive)))
            co_await writer.write(": quiet\n\n");
    }
    co_await writer.finish();
}

Task<void> RunsApi::stored_events(std::string id, std::uint64_t next, ResponseWriter& writer) {
    co_await writer.begin(event_stream());
    for (;;) {
        const std::vector<StoredEvent> events = co_await stored_.events(id, next);
        if (events.empty()) break;
        std::string text;
        for (const StoredEvent& event : events)
            text += event_text(event.number, event.type, event.body);
        next = events.back().number;
        co_await writer.write(std::move(text));
    }
    co_await writer.finish();
}

}  // namespace enough
