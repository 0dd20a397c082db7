#include "serve/chat_request.hpp"

#include <enough/workflows/inputs.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <stdexcept>
#include <string_view>

namespace enough {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 5> understood{"model", "messages", "stream", "stream_options", "metadata"};
constexpr std::array<std::string_view, 4> roles{"system", "developer", "user", "assistant"};

ApiError bad(std::string message, std::string param) {
    return ApiError{.message = std::move(message), .param = std::move(param)};
}

/// The text of a message's content: a string, or parts of type text.
std::optional<std::string> text_of(const json& content) {
    if (content.is_string()) return content.get<std::string>();
    if (content.is_null()) return std::string();
    if (!content.is_array()) return std::nullopt;
    std::string text;
    for (const json& part : content) {
        if (!part.is_object() || part.value("type", json()) != "text") return std::nullopt;
        const json piece = part.value("text", json());
        if (!piece.is_string()) return std::nullopt;
        text += piece.get<std::string>();
    }
    return text;
}

std::optional<ApiError> read_messages(const json& given, ChatRequest& request) {
    if (!given.is_array() || given.empty()) return bad("'messages' must be a list of at least one message", "messages");
    request.messages = json::array();
    bool asked = false;
    for (std::size_t i = 0; i < given.size(); ++i) {
        const std::string param = fmt::format("messages[{}]", i);
        const json& message = given[i];
        if (!message.is_object()) return bad("a message is an object with role and content", param);
        const json role = message.value("role", json());
        if (!role.is_string() || std::find(roles.begin(), roles.end(), role.get<std::string>()) == roles.end())
            return bad(fmt::format("a role is one of {}", fmt::join(roles, ", ")), param + ".role");
        const auto text = text_of(message.value("content", json()));
        if (!text) return bad("content must be text: other parts are not understood here", param + ".content");
        request.messages.push_back({{"role", role}, {"content", *text}});
        if (role != "user") continue;
        request.question = *text;
        asked = true;
    }
    if (!asked) return bad("none of the messages is the user's", "messages");
    return std::nullopt;
}

std::optional<ApiError> read_options(const json& body, ChatRequest& request) {
    const json stream = body.value("stream", json());
    if (!stream.is_null() && !stream.is_boolean()) return bad("'stream' is true or false", "stream");
    request.stream = stream == true;
    const json options = body.value("stream_options", json());
    if (!options.is_null()) {
        if (!options.is_object()) return bad("'stream_options' must be an object", "stream_options");
        if (!request.stream) return bad("'stream_options' is for streams only", "stream_options");
        request.include_usage = options.value("include_usage", json()) == true;
    }
    const json n = body.value("n", json());
    if (!n.is_null() && n != 1) return bad("a workflow gives one answer: 'n' must be 1", "n");
    for (const char* key : {"tools", "functions"}) {
        const json tools = body.value(key, json());
        if (!tools.is_null() && !tools.empty())
            return bad("a workflow calls its own tools: a client's are not understood", key);
    }
    request.metadata = body.value("metadata", json());
    if (request.metadata.is_null()) request.metadata = json::object();
    if (!request.metadata.is_object()) return bad("'metadata' must be an object", "metadata");
    return std::nullopt;
}

void note_ignored(const json& body, ChatRequest& request) {
    for (const auto& [key, value] : body.items()) {
        if (std::find(understood.begin(), understood.end(), key) != understood.end()) continue;
        if (!value.is_null() && key != "n" && key != "tools" && key != "functions") request.ignored.push_back(key);
    }
}

const Input* input_named(const Workflow& workflow, const std::string& name) {
    for (const auto& [known, input] : workflow.inputs)
        if (known == name) return &input;
    return nullptr;
}

/// Metadata are strings in OpenAI's API: read as the input's type.
json typed(const Input& input, const json& value) {
    if (!value.is_string()) return value;
    try {
        return parse_input(input.type, value.get<std::string>());
    } catch (const std::invalid_argument&) {
        return value;  // the check of all inputs says what is wrong with it
    }
}

}  // namespace

std::variant<ChatRequest, ApiError> read_chat_request(const std::string& body) {
    const json given = json::parse(body, nullptr, false);
    if (!given.is_object()) return bad("the body must be a JSON object", "");
    ChatRequest request;
    const json model = given.value("model", json());
    if (!model.is_string()) return bad("'model' must name a workflow (GET /v1/models lists them)", "model");
    request.model = model.get<std::string>();
    if (auto error = read_messages(given.value("messages", json()), request)) return *error;
    if (auto error = read_options(given, request)) return *error;
    note_ignored(given, request);
    return request;
}

std::variant<json, ApiError> chat_inputs(const Workflow& workflow, const ChatRequest& request) {
    json inputs = json::object();
    for (const auto& [name, value] : request.metadata.items())
        if (const Input* input = input_named(workflow, name)) inputs[name] = typed(*input, value);
    const Input* conversation = input_named(workflow, "messages");
    if (conversation && conversation->type == InputType::list) inputs["messages"] = request.messages;
    for (const auto& [name, input] : workflow.inputs) {
        if (&input == conversation && input.type == InputType::list) continue;
        inputs[name] = typed(input, request.question);
        break;
    }
    std::vector<std::string> faults;
    inputs = check_inputs(workflow, inputs, faults);
    if (faults.empty()) return inputs;
    return bad(fmt::format("{} (inputs beside the first are given as metadata)", fmt::join(faults, "; ")), "metadata");
}

}  // namespace enough
