#include "serve/chat_api.hpp"

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

/// Rings when a run has ended.
class EndWatch final : public RunFollower {
public:
    explicit EndWatch(const asio::any_io_executor& executor) : bell_(executor) {}
    void on_event(const Event& event) override {
        if (std::holds_alternative<RunFinished>(event.body)) bell_.ring();
    }
    Bell& bell() { return bell_; }

private:
    Bell bell_;
};

/// Runs that give no completion: their report says why. Absent for those that do.
std::optional<ApiError> failure_of(const ServedRun& run, const Json& report) {
    const Json& why = report.at("error");
    const std::string message = why.is_string() ? why.get<std::string>() : std::string(name(run.status()));
    if (run.status() == Status::failed) return ApiError{.status = 502, .message = message, .code = "run_failed"};
    if (run.status() == Status::cancelled)
        return ApiError{.status = 503, .message = "the run was cancelled", .code = "run_cancelled"};
    return std::nullopt;
}

HeaderList run_header(const ServedRun& run) {
    return HeaderList(1, {"x-enough-run-id", run.id()});
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
    ServerResponse head(200, "", "text/event-stream");
    head.headers = run_header(run);
    head.headers.emplace_back("Cache-Control", "no-cache");
    head.headers.emplace_back("X-Accel-Buffering", "no");  // nginx would collect the stream otherwise
    return head;
}

}  // namespace

ChatApi::ChatApi(asio::any_io_executor executor, const ServedWorkflows& workflows, Runs& runs,
                 const ServerLimits& limits)
    : executor_(std::move(executor)), workflows_(workflows), runs_(runs), limits_(limits) {}

Task<void> ChatApi::handle(ServerRequest request, ResponseWriter& writer) {
    auto read = read_chat_request(request.body);
    if (const auto* error = std::get_if<ApiError>(&read)) co_return co_await writer.send(error_response(*error));
    ChatRequest chat = std::get<ChatRequest>(std::move(read));
    const auto served = workflows_.find(chat.model);
    if (served == workflows_.end()) {
        const std::string message = fmt::format("there is no workflow '{}' (GET /v1/models lists them)", chat.model);
        ApiError error{.status = 404, .message = message, .code = "model_not_found", .param = "model"};
        co_return co_await writer.send(error_response(error));
    }
    auto inputs = chat_inputs(*served->second->workflow, chat);
    if (const auto* error = std::get_if<ApiError>(&inputs)) co_return co_await writer.send(error_response(*error));
    if (runs_.full()) {
        ApiError error{.status = 429, .message = "as many runs are in flight as this server allows", .code = "busy"};
        co_return co_await writer.send(error_response(error));
    }
    auto run = runs_.start(served->second, std::get<nlohmann::json>(std::move(inputs)), trace_of(request));
    const CancelOnExit guard(runs_, *run);
    if (chat.stream) {
        co_await stream(run, std::move(chat), writer);
    } else {
        co_await answer(run, std::move(chat), writer);
    }
}

Task<void> ChatApi::answer(std::shared_ptr<ServedRun> run, ChatRequest request, ResponseWriter& writer) {
    EndWatch watch(executor_);
    const Following following(*run, watch);
    while (!run->ended())
        co_await watch.bell().wait(Deadline::never());
    Json report = run->report();
    ServerResponse response;
    response.headers = run_header(*run);
    if (const auto error = failure_of(*run, report)) {
        response = error_response(*error);
        response.headers.emplace_back("x-enough-run-id", run->id());
    } else {
        response.body = completion(*run, request, std::move(report));
    }
    co_await writer.send(std::move(response));
}

Task<void> ChatApi::stream(std::shared_ptr<ServedRun> run, ChatRequest request, ResponseWriter& writer) {
    ChatStream stream(*run, request.model, request.include_usage, executor_);
    const Following following(*run, stream);
    while (!run->ended() && !stream.broken() && stream.waiting() < most_waiting) {
        const bool rang = co_await stream.bell().wait(Deadline::after(limits_.keep_alive));
        std::string events = stream.take();
        if (!rang) events = ": still thinking\n\n";
        if (events.empty()) continue;
        if (!writer.begun()) co_await writer.begin(stream_head(*run));
        co_await writer.write(std::move(events));
    }
    co_await end_stream(*run, request, stream, writer);
}

/// Once something has been sent, a failure is an event, and the stream has no `[DONE]`.
Task<void> ChatApi::end_stream(ServedRun& run, const ChatRequest& request, ChatStream& stream, ResponseWriter& writer) {
    const Json report = run.report();
    std::optional<ApiError> error = failure_of(run, report);
    if (!error && (!run.ended() || !stream.conclude(report, request.ignored)))
        error = ApiError{.status = 502, .message = "the answer broke off and was begun anew", .code = "stream_broken"};
    if (error && !writer.begun()) {
        ServerResponse response = error_response(*error);
        response.headers.emplace_back("x-enough-run-id", run.id());
        co_return co_await writer.send(std::move(response));
    }
    if (!writer.begun()) co_await writer.begin(stream_head(run));
    std::string rest = stream.take();
    if (error) rest += "data: " + error_json(*error) + "\n\n";
    co_await writer.write(std::move(rest));
    co_await writer.finish();
}

}  // namespace enough
