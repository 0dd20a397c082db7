#include "tools/json_rpc.hpp"

#include "providers/json_reader.hpp"

#include <utility>

namespace enough {
namespace {

constexpr int method_not_found = -32601;

std::string text_member(const RpcJson& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

RpcError read_error(const RpcJson& error) {
    RpcError out;
    if (!error.is_object()) return out;
    const auto code = error.find("code");
    if (code != error.end() && code->is_number_integer()) out.code = code->get<std::int64_t>();
    out.message = text_member(error, "message");
    return out;
}

// False if it is no message at all.
bool read_message(RpcJson& value, std::vector<RpcMessage>& out) {
    if (!value.is_object() || text_member(value, "jsonrpc") != "2.0") return false;
    const auto id = value.find("id");
    const bool has_id = id != value.end() && !id->is_null();
    const auto method = text_member(value, "method");
    if (!method.empty()) {
        if (has_id) {
            out.emplace_back(RpcRequest{*id, method});
        } else {
            out.emplace_back(RpcNotification{method});
        }
        return true;
    }
    const auto result = value.find("result");
    const auto error = value.find("error");
    if (result == value.end() && error == value.end()) return false;
    if (!has_id || !id->is_number_integer()) return true;
    auto& response = std::get<RpcResponse>(out.emplace_back(RpcResponse()));
    response.id = id->get<std::int64_t>();
    if (error != value.end()) {
        response.reply = read_error(*error);
    } else {
        response.reply = std::move(*result);
    }
    return true;
}

}  // namespace

std::optional<std::vector<RpcMessage>> parse_rpc(const std::string& text) {
    JsonReader reader(text);  // bounds the depth, which the library does not
    if (!reader.skip() || !reader.at_end()) return std::nullopt;
    auto value = RpcJson::parse(text, nullptr, false);
    std::vector<RpcMessage> out;
    if (!value.is_array()) return read_message(value, out) ? std::optional(std::move(out)) : std::nullopt;
    for (auto& each : value) {
        if (!read_message(each, out)) return std::nullopt;
    }
    return out;
}

std::string rpc_request(std::int64_t id, const std::string& method, const RpcJson& params) {
    return dumped({{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}});
}

std::string rpc_notification(const std::string& method, const RpcJson& params) {
    RpcJson out{{"jsonrpc", "2.0"}, {"method", method}};
    if (!params.empty()) out["params"] = params;
    return dumped(out);
}

std::string rpc_answer(const RpcRequest& request) {
    RpcJson out{{"jsonrpc", "2.0"}, {"id", request.id}};
    if (request.method == "ping") {
        out["result"] = RpcJson::object();
    } else {
        out["error"] = {{"code", method_not_found}, {"message", "this client has no such method"}};
    }
    return dumped(out);
}

std::string dumped(const RpcJson& value) {
    return value.dump(-1, ' ', false, RpcJson::error_handler_t::replace);
}

}  // namespace enough
