#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace enough {

/// Keeps the order of members: models see a tool's parameters as its author wrote them.
using RpcJson = nlohmann::ordered_json;

struct RpcError {
    std::int64_t code = 0;
    std::string message;
};

/// How a request was answered: a result, or an error object.
using RpcReply = std::variant<RpcJson, RpcError>;

struct RpcResponse {
    std::int64_t id = 0;
    RpcReply reply;
};

/// The other side asks us.
struct RpcRequest {
    RpcJson id;
    std::string method;
};

struct RpcNotification {
    std::string method;
};

using RpcMessage = std::variant<RpcResponse, RpcRequest, RpcNotification>;

/// The messages of a text: one, or those of a batch. Absent if it is no JSON-RPC 2.0, or nested so deeply that handling
/// it would not be safe. Responses to ids that are not ours (no integers) are left out.
std::optional<std::vector<RpcMessage>> parse_rpc(const std::string& text);

std::string rpc_request(std::int64_t id, const std::string& method, const RpcJson& params);
std::string rpc_notification(const std::string& method, const RpcJson& params);

/// What a client without any capabilities answers: to a ping, an empty result; to all else, that there is no such
/// method.
std::string rpc_answer(const RpcRequest& request);

/// As compact JSON. Bytes that are no UTF-8 become U+FFFD.
std::string dumped(const RpcJson& value);

}  // namespace enough
