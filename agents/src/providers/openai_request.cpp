#include "providers/openai_request.hpp"

#include "providers/role_name.hpp"

#include <nlohmann/json.hpp>

#include <utility>

namespace enough {

namespace {

using Json = nlohmann::ordered_json;

// Servers whose chat templates read the arguments refuse a conversation with broken ones, and the model's own slip
// would end it.
std::string readable_arguments(const std::string& arguments) {
    const auto parsed = Json::parse(arguments, nullptr, false);
    if (parsed.is_object()) return arguments;
    const Json wrapped{{"invalid_arguments", arguments}};
    return wrapped.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json tool_calls_json(const std::vector<ToolCall>& calls) {
    auto out = Json::array();
    for (const auto& call : calls) {
        const Json function{{"name", call.name}, {"arguments", readable_arguments(call.arguments)}};
        out.push_back({{"id", call.id}, {"type", "function"}, {"function", function}});
    }
    return out;
}

Json messages_json(const std::vector<Message>& messages) {
    auto out = Json::array();
    for (const auto& message : messages) {
        Json& turn = out.emplace_back();
        turn["role"] = role_name(message.role);
        turn["content"] = message.content;
        if (!message.tool_calls.empty()) {
            if (message.content.empty()) turn["content"] = nullptr;
            turn["tool_calls"] = tool_calls_json(message.tool_calls);
        }
        if (message.role == Role::tool) turn["tool_call_id"] = message.tool_call_id;
    }
    return out;
}

void add_tools(Json& body, const Request& request) {
    for (const auto& tool : request.tools) {
        Json function{{"name", tool.name}};
        if (!tool.description.empty()) function["description"] = tool.description;
        auto parameters = Json::parse(tool.parameters, nullptr, false);
        if (!parameters.is_object()) parameters = {{"type", "object"}, {"properties", Json::object()}};
        function["parameters"] = std::move(parameters);
        body["tools"].push_back({{"type", "function"}, {"function", std::move(function)}});
    }
    if (!request.tools.empty() && request.tools_forbidden) body["tool_choice"] = "none";
}

void add_sampling(Json& body, const Sampling& sampling, const std::string& max_tokens_field) {
    if (sampling.temperature) body["temperature"] = *sampling.temperature;
    if (sampling.top_p) body["top_p"] = *sampling.top_p;
    if (sampling.seed) body["seed"] = *sampling.seed;
    if (sampling.max_tokens) body[max_tokens_field] = *sampling.max_tokens;
    if (!sampling.stop.empty()) body["stop"] = sampling.stop;
}

}  // namespace

Endpoint openai_endpoint(const std::string& base_url) {
    return endpoint(base_url, "/chat/completions");
}

HttpHeaders openai_headers(const OpenAiSettings& settings) {
    HttpHeaders own{{"Content-Type", "application/json"}, {"Accept", "text/event-stream"}};
    if (!settings.api_key.empty()) own.emplace_back("Authorization", "Bearer " + settings.api_key.reveal());
    return request_headers(std::move(own), settings);
}

std::string openai_body(const Request& request, const OpenAiSettings& settings, const Dialect& dialect) {
    Json body;
    body["model"] = settings.model;
    body["messages"] = messages_json(request.messages);
    body["stream"] = request.streamed;
    if (request.streamed) body["stream_options"]["include_usage"] = true;
    if (const int count = dialect.top_logprobs(request.top_logprobs); count > 0) {
        body["logprobs"] = true;
        body["top_logprobs"] = count;
    }
    add_sampling(body, request.sampling, dialect.max_tokens_field);
    add_tools(body, request);
    return request_body(std::move(body), settings);
}

// "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
std::optional<Dialect> openai_learn(const HttpRefusal& refusal, const Request& asked, const Dialect& used) {
    if (auto learned = learn_about_logprobs(refusal, asked, used)) return learned;
    if (refusal.status != 400 && refusal.status != 422) return std::nullopt;
    if (!asked.sampling.max_tokens || used.max_tokens_field != "max_tokens") return std::nullopt;
    if (server_error(refusal.body).message.find("max_completion_tokens") == std::string::npos) return std::nullopt;
    auto learned = used;
    learned.max_tokens_field = "max_completion_tokens";
    return learned;
}

}  // namespace enough
