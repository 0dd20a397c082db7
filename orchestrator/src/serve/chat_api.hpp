#pragma once

#include "serve/chat_request.hpp"
#include "serve/chat_stream.hpp"
#include "serve/http_message.hpp"
#include "serve/runs.hpp"

namespace enough {

/// `POST /v1/chat/completions`: a workflow is a model. The request's run ends with the request: a client that leaves
/// cancels it.
class ChatApi {
public:
    /// All must outlive it.
    ChatApi(asio::any_io_executor executor, const ServedWorkflows& workflows, Runs& runs, const ServerLimits& limits);

    Task<void> handle(ServerRequest request, ResponseWriter& writer);

private:
    Task<void> answer(std::shared_ptr<ServedRun> run, ChatRequest request, ResponseWriter& writer);
    Task<void> stream(std::shared_ptr<ServedRun> run, ChatRequest request, ResponseWriter& writer);
    Task<void> end_stream(ServedRun& run, const ChatRequest& request, ChatStream& stream, ResponseWriter& writer);

    asio::any_io_executor executor_;
    const ServedWorkflows& workflows_;
    Runs& runs_;
    const ServerLimits& limits_;
};

}  // namespace enough
