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
    ChatApi(asio::any_io_executor executor, const ServedWorkflows& workflows, Clients& clients, Runs& runs,
            const ServerLimits& limits);

    Task<void> handle(ServerRequest request, std::shared_ptr<Client> client, ResponseWriter& writer);

private:
    std::variant<RunOrder, ApiError> order(ChatRequest& request, const std::shared_ptr<Client>& client);
    Task<void> answer(std::shared_ptr<ServedRun> run, ChatRequest request, ResponseWriter& writer);
    Task<void> stream(std::shared_ptr<ServedRun> run, ChatRequest request, ResponseWriter& writer);
    Task<void> end_stream(ServedRun& run, const ChatRequest& request, ChatStream& stream, ResponseWriter& writer);
    Task<void> refuse(ApiError error, const ServedRun& run, ResponseWriter& writer);

    asio::any_io_executor executor_;
    const ServedWorkflows& workflows_;
    Clients& clients_;
    Runs& runs_;
    const ServerLimits& limits_;
};

}  // namespace enough
