#include "serve/chat_api.hpp"

#include "serve/event_watch.hpp"

#include "serve/trace_headers.hpp"

#include <fmt/format.h>

#include <utility>

namespace enough {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t most_waiting = 1024 * 1024;  // of a stream that its client does not read

/// Ends the run if the scope is left before it has ended.
class CancelOnExit {
public:
    CancelOnExit(Runs& runs, const ServedRun& run) : runs_(runs), run_(run) {}
    ~CancelOnExit() {
        if (!run_.ended()) runs_.cancel(run_.id());
    }
    CancelOnExit(const CancelOnExit&) = delete;
    CancelOnExit& operator=(const CancelOnExit&) = delete;

private:
    Runs& runs_;
    const ServedRun& run_;
};

/// Runs that give no completion: their report says why. Absent for those that do.
std::optional<ApiError> failure_of(const ServedRun& run, const Json& report) {
    if (!run.ended())
        return ApiError{.status = 504, .message = "the run took longer than a request may", .code = "timeout"};
    const Json& why = report.at("error");
    const std::string message = why.is_string() ? why.get<std::string>() : std::string(name(run.status()));
    if (run.status() == Status::failed) return ApiError{.status = 502, .message = message, .code = "run_failed"};
    if (run.status() == Status::cancelled)
        return ApiError{.status = 503, .message = "the run was cancelled", .code = "run_cancelled"};
    return std::nullopt;
}

std::string completion(const ServedRun& run, const ChatRequest& request, Json report) {
    const auto created = std::chrono::duration_cast<std::chrono::seconds>(run.created().time_since_epoch()).count();
    Json message{{"role", "assistant"}, {"content", report.at("output")}, {"refusal", nullptr}};
    Json choice{{"index", 0}, {"message", std::move(message)}, {"logprobs", nullptr}, {"finish_reason", "stop"}};
    Json body{
        {"id", "chatcmpl-" + run.id()}, {"object", "chat.completion"}, {"created", created}, {"model", request.model}};
    body["choices"] = Json::array({std::move(choice)});
    body["usage"] = chat_usage(report);
    if (!request.ignored.empty()) report["ignored"] = request.ignored;
    body["enough"] = std::move(report);
    return body.dump(-1, ' ', false, Json::error_handler_t::replace);
}

ServerResponse stream_head(const ServedRun& run) {
    ServerResponse head = event_stream();
    head.headers.emplace_back(run_id_header, run.id());
    return head;
}

}  // namespace

ChatApi::ChatApi(asio::any_io_executor executor, const ServedWorkflows& workflows, Clients& clients, Runs& runs,
                 const ServerLimits& limits)
    : executor_(std::move(executor)), workflows_(workflows), clients_(clients), runs_(runs), limits_(limits) {}

Task<void> ChatApi::handle(ServerRequest request, std::shared_ptr<Client> client, ResponseWriter& writer) {
    auto read = read_chat_request(request.body);
    if (const auto* error = std::get_if<ApiError>(&read)) co_return co_await writer.send(error_response(*error));
    ChatRequest chat = std::get<ChatRequest>(std::move(read));
    auto ordered = order(chat, client);
    if (const auto* error = std::get_if<ApiError>(&ordered)) co_return co_await writer.send(error_response(*error));
    std::get<RunOrder>(ordered).parent = trace_of(request);
    auto run = runs_.start(std::get<RunOrder>(std::move(ordered)));
    const CancelOnExit guard(runs_, *run);
    if (chat.stream) {
        co_await stream(run, std::move(chat), writer);
    } else {
        co_await answer(run, std::move(chat), writer);
    }
}

std::variant<RunOrder, ApiError> ChatApi::order(ChatRequest& request, const std::shared_ptr<Client>& client) {
    const auto served = workflows_.find(request.model);
    if (served == workflows_.end())
        return ApiError{.status = 404,
                        .message = fmt::format("there is no workflow '{}' (GET /v1/models lists them)", request.model),
                        .code = "model_not_found",
                        .param = "model"};
    const Workflow& workflow = *served->second->workflow;
    ignore_settings(workflow, request);
    auto inputs = chat_inputs(workflow, request);
    if (auto* error = std::get_if<ApiError>(&inputs)) return std::move(*error);
    if (runs_.full()) return too_many_runs();
    auto admitted = clients_.admit(client, workflow);
    if (auto* error = std::get_if<ApiError>(&admitted)) return std::move(*error);
    return RunOrder{served->second, std::get<nlohmann::json>(std::move(inputs)), request.sampling,
                    std::get<Grant>(std::move(admitted))};
}

Task<void> ChatApi::answer(std::shared_ptr<ServedRun> run, ChatRequest request, ResponseWriter& writer) {
    EventWatch watch(executor_);
    const Following following(*run, watch);
    const Deadline deadline = Deadline::after(limits_.total_time);
    while (!run->ended() && !deadline.expired())
        co_await watch.bell().wait(deadline);
    Json report = run->report();
    if (const auto error = failure_of(*run, report)) co_return co_await refuse(*error, *run, writer);
    ServerResponse response;
    response.headers.emplace_back(run_id_header, run->id());
    response.body = completion(*run, request, std::move(report));
    co_await writer.send(std::move(response));
}

Task<void> ChatApi::refuse(ApiError error, const ServedRun& run, ResponseWriter& writer) {
    ServerResponse response = error_response(error);
    response.headers.emplace_back(run_id_header, run.id());
    co_await writer.send(std::move(response));
}

Task<void> ChatApi::stream(std::shared_ptr<ServedRun> run, ChatRequest request, ResponseWriter& writer) {
    ChatStream stream(*run, request.model, request.include_usage, executor_);
    const Following following(*run, stream);
    const Deadline deadline = Deadline::after(limits_.total_time);
    while (!run->ended() && !stream.broken() && stream.waiting() < most_waiting && !deadline.expired()) {
        const bool rang = co_await stream.bell().wait(earlier(deadline, Deadline::after(limits_.keep_alive)));
        std::string events = stream.take();
        if (!rang && !deadline.expired()) events = ": still thinking\n\n";
        if (events.empty()) continue;
        if (!writer.begun()) co_await writer.begin(stream_head(*run));
        co_await writer.write(std::move(events));
    }
    if (stream.waiting() >= most_waiting) co_return;  // unread: closing without an end says enough
    co_await end_stream(*run, request, stream, writer);
}

/// Once something has been sent, a failure is an event, and the stream has no `[DONE]`.
Task<void> ChatApi::end_stream(ServedRun& run, const ChatRequest& request, ChatStream& stream, ResponseWriter& writer) {
    const Json report = run.report();
    std::optional<ApiError> error = failure_of(run, report);
    if (!error && (stream.broken() || !stream.conclude(report, request.ignored)))
        error = ApiError{.status = 502, .message = "the answer broke off and was begun anew", .code = "stream_broken"};
    if (error && !writer.begun()) co_return co_await refuse(*error, run, writer);
    if (!writer.begun()) co_await writer.begin(stream_head(run));
    std::string rest = stream.take();
    if (error) rest += "data: " + error_json(*error) + "\n\n";
    co_await writer.write(std::move(rest));
    co_await writer.finish();
}

}  // namespace enough
