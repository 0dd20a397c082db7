#include "serve/runs_api.hpp"

#include "serve/api_error.hpp"
#include "serve/event_watch.hpp"
#include "serve/run_query.hpp"
#include "serve/trace_headers.hpp"

#include <enough/json/shallow_json.hpp>
#include <enough/workflows/inputs.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace enough {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::chrono::seconds longest_wait{300};
constexpr std::size_t events_at_once = 256 * 1024;

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

/// What a body may hold at its top.
std::optional<ApiError> unknown_field(const nlohmann::json& body, std::string_view first, std::string_view second) {
    for (const auto& [key, value] : body.items())
        if (key != first && key != second)
            return ApiError{.message = fmt::format("unknown field; there are {} and {}", first, second), .param = key};
    return std::nullopt;
}

std::variant<ApprovalReply, ApiError> read_reply(const std::string& body, const std::string& by) {
    const auto given = parse_shallow(body);
    if (!given.is_object() || !given.contains("approved") || !given["approved"].is_boolean())
        return ApiError{.message = "the body must be a JSON object: {\"approved\": true or false, \"comment\"}",
                        .param = "approved"};
    if (auto error = unknown_field(given, "approved", "comment")) return *error;
    const auto comment = given.value("comment", nlohmann::json(""));
    if (!comment.is_string()) return ApiError{.message = "'comment' is a text", .param = "comment"};
    return ApprovalReply{given["approved"].get<bool>(), by, comment.get<std::string>()};
}

std::string event_text(std::uint64_t number, std::string_view type, std::string_view body) {
    return fmt::format("id: {}\nevent: {}\ndata: {}\n\n", number, type, body);
}

std::string event_text(const Event& event) {
    const auto body = to_json(event).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return event_text(event.number, type_name(event.body), body);
}

}  // namespace

RunsApi::RunsApi(asio::any_io_executor executor, const ServedWorkflows& workflows, Clients& clients, Runs& runs,
                 StoredRuns& stored, const ServerLimits& limits)
    : executor_(std::move(executor)),
      workflows_(workflows),
      clients_(clients),
      runs_(runs),
      stored_(stored),
      limits_(limits) {}

std::variant<RunOrder, ApiError> RunsApi::order(const std::string& body, const std::shared_ptr<Client>& client) {
    const auto given = parse_shallow(body);
    if (!given.is_object()) return ApiError{.message = "the body must be a JSON object: {\"workflow\", \"inputs\"}"};
    if (auto error = unknown_field(given, "workflow", "inputs")) return *error;
    const auto name = given.value("workflow", nlohmann::json());
    const auto served = name.is_string() ? workflows_.find(name.get<std::string>()) : workflows_.end();
    if (served == workflows_.end())
        return ApiError{.status = 404,
                        .message = "'workflow' names none that is served (GET /v1/models lists them)",
                        .code = "model_not_found",
                        .param = "workflow"};
    std::vector<std::string> faults;
    auto inputs = given.value("inputs", nlohmann::json::object());
    if (!inputs.is_object()) return ApiError{.message = "'inputs' must be an object", .param = "inputs"};
    inputs = check_inputs(*served->second->workflow, inputs, faults);
    if (!faults.empty()) return ApiError{.message = fmt::format("{}", fmt::join(faults, "; ")), .param = "inputs"};
    if (runs_.full()) return too_many_runs();
    auto admitted = clients_.admit(client, *served->second->workflow);
    if (auto* error = std::get_if<ApiError>(&admitted)) return std::move(*error);
    return RunOrder{served->second, std::move(inputs), Sampling(), std::get<Grant>(std::move(admitted))};
}

Task<void> RunsApi::start(ServerRequest request, std::shared_ptr<Client> client, ResponseWriter& writer) {
    std::chrono::milliseconds wait{0};
    if (const auto text = query_parameter(request, "wait")) {
        const auto given = duration(*text);
        const ApiError fault{.message = "'wait' is a duration such as 30s or 500ms", .param = "wait"};
        if (!given) co_return co_await writer.send(error_response(fault));
        wait = *given;
    }
    auto ordered = order(request.body, client);
    if (const auto* error = std::get_if<ApiError>(&ordered)) co_return co_await writer.send(error_response(*error));
    std::get<RunOrder>(ordered).parent = trace_of(request);
    const auto run = runs_.start(std::get<RunOrder>(std::move(ordered)));
    EventWatch watch(executor_);
    const Following following(*run, watch);
    const Deadline deadline = Deadline::after(wait);
    co_await asio::post(executor_, asio::use_awaitable);  // it has begun when its client is told of it
    while (!run->ended() && !deadline.expired())
        co_await watch.bell().wait(deadline);
    ServerResponse response = json_response(run->report(), run->ended() ? 200 : 202);
    response.headers.emplace_back(run_id_header, run->id());
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
    if (const auto before = query_parameter(request, "before")) {
        filter.before = co_await key_of(*before);
        const ApiError unknown{.status = 404,
                               .message = "'before' names a run that is not there (any more)",
                               .code = "run_not_found",
                               .param = "before"};
        if (!filter.before) co_return co_await writer.send(error_response(unknown));
    }
    StoredRuns::Page page = co_await stored_.list(std::move(filter));
    Json body{{"data", std::move(page.data)}, {"next", nullptr}};
    if (page.next) body["next"] = *page.next;
    co_await writer.send(json_response(body));
}

Task<void> RunsApi::show(std::string id, ResponseWriter& writer) {
    if (const auto run = runs_.find(id)) co_return co_await writer.send(json_response(run->report()));
    auto stored = co_await stored_.find(id);
    if (!stored) co_return co_await writer.send(error_response(no_such_run()));
    const Json report = co_await stored_.report(std::move(*stored));
    co_await writer.send(json_response(report));
}

Task<void> RunsApi::resume(std::string id, std::shared_ptr<Client> client, ResponseWriter& writer) {
    const auto resumed = co_await stored_.resume(id, client);
    if (const auto* error = std::get_if<ApiError>(&resumed)) co_return co_await writer.send(error_response(*error));
    const auto& run = std::get<std::shared_ptr<ServedRun>>(resumed);
    ServerResponse response = json_response(run->report(), 202);
    response.headers.emplace_back(run_id_header, run->id());
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
    co_await writer.send(json_response(run->report()));
}

Task<void> RunsApi::approve(std::string id, std::string step, ServerRequest request, std::shared_ptr<Client> client,
                            ResponseWriter& writer) {
    const auto run = runs_.find(id);
    if (!run) co_return co_await writer.send(error_response(no_such_run()));
    auto read = read_reply(request.body, client->rules.name);
    if (const auto* error = std::get_if<ApiError>(&read)) co_return co_await writer.send(error_response(*error));
    const ApiError nothing_asked{
        .status = 409, .message = "this step of the run asks nothing (any more)", .code = "nothing_to_approve"};
    if (!runs_.approvals().decide(id, step, std::get<ApprovalReply>(std::move(read))))
        co_return co_await writer.send(error_response(nothing_asked));
    co_await asio::post(executor_, asio::use_awaitable);
    co_await writer.send(json_response(run->report()));
}

Task<void> RunsApi::events(std::string id, ServerRequest request, ResponseWriter& writer) {
    const std::uint64_t next = number(request.header("last-event-id").value_or("0")).value_or(0);
    if (auto run = runs_.find(id)) co_return co_await live_events(std::move(run), next, writer);
    const auto stored = co_await stored_.find(id);
    if (!stored) co_return co_await writer.send(error_response(no_such_run()));
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
