#include "providers/openai_request.hpp"

#include "providers/openai_profile.hpp"
#include "providers/role_name.hpp"

#include <nlohmann/json.hpp>

#include <string_view>
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

void add_logprobs(Json& body, int count, const OpenAiTraits& traits) {
    switch (traits.logprobs) {
        case OpenAiTraits::Logprobs::asked_by_flag:
            body["logprobs"] = true;
            body["top_logprobs"] = count;
            break;
        case OpenAiTraits::Logprobs::asked_by_count:
            body["logprobs"] = count;
            break;
        case OpenAiTraits::Logprobs::never_given:
            return;
    }
    if (traits.routes_by_parameters) body["provider"]["require_parameters"] = true;
}

void add_effort(Json& body, const std::string& effort, OpenAiTraits::Effort how) {
    switch (how) {
        case OpenAiTraits::Effort::field:
            body["reasoning_effort"] = effort;
            break;
        case OpenAiTraits::Effort::field_and_template:
            body["reasoning_effort"] = effort;
            body["chat_template_kwargs"]["reasoning_effort"] = effort;
            break;
        case OpenAiTraits::Effort::object:
            body["reasoning"]["effort"] = effort;
            break;
    }
}

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
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
    const auto& traits = openai_traits(settings.profile);
    body["stream"] = request.streamed;
    if (request.streamed && traits.stream_options) body["stream_options"]["include_usage"] = true;
    if (const int count = dialect.top_logprobs(request.top_logprobs); count > 0) add_logprobs(body, count, traits);
    add_sampling(body, request.sampling, dialect.max_tokens_field);
    if (request.sampling.reasoning_effort) add_effort(body, *request.sampling.reasoning_effort, traits.effort);
    add_tools(body, request);
    return request_body(std::move(body), settings);
}

std::optional<Dialect> openai_learn(const HttpRefusal& refusal, const Request& asked, const Dialect& used,
                                    OpenAiProfile profile) {
    if (auto learned = learn_about_logprobs(refusal, asked, used)) return learned;
    const auto message = server_error(refusal.body).message;
    auto learned = used;
    // "No endpoints found that can handle the requested parameters.": candidates are what it was made to insist on.
    if (openai_traits(profile).routes_by_parameters && refusal.status == 404 && contains(message, "parameters") &&
        used.top_logprobs(asked.top_logprobs) > 0) {
        learned.gives_logprobs = false;
        return learned;
    }
    // "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
    const bool bad_request = refusal.status == 400 || refusal.status == 422;
    if (bad_request && asked.sampling.max_tokens && used.max_tokens_field == "max_tokens" &&
        contains(message, "max_completion_tokens")) {
        learned.max_tokens_field = "max_completion_tokens";
        return learned;
    }
    return std::nullopt;
}

}  // namespace enough
