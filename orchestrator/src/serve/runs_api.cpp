#include "serve/runs_api.hpp"

#include "serve/api_error.hpp"
#include "serve/bell.hpp"
#include "serve/trace_headers.hpp"

#include <enough/workflows/inputs.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace enough {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t usual_page = 20;
constexpr std::size_t largest_page = 100;
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

std::string parameter(const ServerRequest& request, const std::string& name) {
    const auto known = request.query.find(name);
    return known == request.query.end() ? std::string() : known->second;
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

std::string event_text(const Event& event) {
    const auto body = to_json(event).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return fmt::format("id: {}\nevent: {}\ndata: {}\n\n", event.number, type_name(event.body), body);
}

}  // namespace

RunsApi::RunsApi(asio::any_io_executor executor, const ServedWorkflows& workflows, Runs& runs,
                 const ServerLimits& limits)
    : executor_(std::move(executor)), workflows_(workflows), runs_(runs), limits_(limits) {}

Task<void> RunsApi::start(ServerRequest request, ResponseWriter& writer) {
    auto read = read_start(request.body, workflows_);
    if (const auto* error = std::get_if<ApiError>(&read)) co_return co_await writer.send(error_response(*error));
    std::chrono::milliseconds wait{0};
    if (const std::string text = parameter(request, "wait"); !text.empty()) {
        const auto given = duration(text);
        const ApiError fault{.message = "'wait' is a duration such as 30s or 500ms", .param = "wait"};
        if (!given) co_return co_await writer.send(error_response(fault));
        wait = *given;
    }
    const ApiError busy{.status = 429, .message = "as many runs are in flight as this server allows", .code = "busy"};
    if (runs_.full()) co_return co_await writer.send(error_response(busy));
    Start& asked = std::get<Start>(read);
    const auto run = runs_.start(std::move(asked.served), std::move(asked.inputs), trace_of(request));
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

Task<void> RunsApi::list(ServerRequest request, ResponseWriter& writer) {
    const std::string limit = parameter(request, "limit");
    const auto count = limit.empty() ? usual_page : number(limit);
    const ApiError bad_limit{.message = fmt::format("'limit' is a number from 1 to {}", largest_page),
                             .param = "limit"};
    if (!count || *count == 0 || *count > largest_page) co_return co_await writer.send(error_response(bad_limit));
    const std::string status = parameter(request, "status");
    const ApiError bad_status{.message = "there is no such status", .param = "status"};
    if (!status.empty() && !status_named(status)) co_return co_await writer.send(error_response(bad_status));
    const std::string workflow = parameter(request, "workflow");
    const auto wanted = [&](const ServedRun& run) {
        return (status.empty() || name(run.status()) == status) &&
               (workflow.empty() || run.workflow().name == workflow);
    };
    const auto found = runs_.list(*count, parameter(request, "before"), wanted);
    Json body{{"data", Json::array()}, {"next", nullptr}};
    for (const auto& run : found)
        body["data"].push_back(run->report());
    if (found.size() == *count) body["next"] = found.back()->id();
    co_await writer.send(json_response(200, body));
}

Task<void> RunsApi::show(std::string id, ResponseWriter& writer) {
    const auto run = runs_.find(id);
    if (!run) co_return co_await writer.send(no_such_run());
    co_await writer.send(json_response(200, run->report()));
}

Task<void> RunsApi::cancel(std::string id, ResponseWriter& writer) {
    const auto run = runs_.find(id);
    if (!run) co_return co_await writer.send(no_such_run());
    runs_.cancel(id);
    EventWatch watch(executor_);
    const Following following(*run, watch);
    while (!run->ended())
        co_await watch.bell().wait(Deadline::never());
    co_await writer.send(json_response(200, run->report()));
}

Task<void> RunsApi::events(std::string id, ServerRequest request, ResponseWriter& writer) {
    const auto run = runs_.find(id);
    if (!run) co_return co_await writer.send(no_such_run());
    std::size_t next = number(request.header("last-event-id").value_or("0")).value_or(0);
    ServerResponse head(200, "", "text/event-stream");
    head.headers.emplace_back("Cache-Control", "no-cache");
    co_await writer.begin(std::move(head));
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

}  // namespace enough
