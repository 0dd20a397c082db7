#include "telemetry/content_json.hpp"

#include "event_names.hpp"

#include <nlohmann/json.hpp>

namespace enough {
namespace {

using Json = nlohmann::ordered_json;

std::string cut(const std::string& text) {
    return text.size() <= longest_content ? text : text.substr(0, longest_content) + " [cut]";
}

Json tool_call_parts(const std::vector<ToolCall>& calls) {
    Json parts = Json::array();
    for (const ToolCall& call : calls)
        parts.push_back(
            {{"type", "tool_call"}, {"id", call.id}, {"name", call.name}, {"arguments", cut(call.arguments)}});
    return parts;
}

Json parts_of(const Message& message) {
    if (message.role == Role::tool)
        return Json::array(
            {{{"type", "tool_call_response"}, {"id", message.tool_call_id}, {"response", cut(message.content)}}});
    Json parts = Json::array();
    if (!message.content.empty()) parts.push_back({{"type", "text"}, {"content", cut(message.content)}});
    for (Json& call : tool_call_parts(message.tool_calls))
        parts.push_back(std::move(call));
    return parts;
}

std::string text_of(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string input_messages_json(const std::vector<Message>& messages) {
    Json all = Json::array();
    for (const Message& message : messages) {
        Json turn{{"role", named(roles, message.role)}};
        turn["parts"] = parts_of(message);
        all.push_back(std::move(turn));
    }
    return text_of(all);
}

std::string output_messages_json(const Answer& answer, std::string_view finish_reason) {
    Json parts = Json::array();
    if (!answer.reasoning.empty()) parts.push_back({{"type", "reasoning"}, {"content", cut(answer.reasoning)}});
    if (!answer.text.empty()) parts.push_back({{"type", "text"}, {"content", cut(answer.text)}});
    for (Json& call : tool_call_parts(answer.tool_calls))
        parts.push_back(std::move(call));
    Json turn{{"role", "assistant"}};
    turn["parts"] = std::move(parts);
    turn["finish_reason"] = finish_reason;
    return text_of(Json::array({std::move(turn)}));
}

}  // namespace enough
