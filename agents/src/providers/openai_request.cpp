#include "providers/openai_request.hpp"

#include "providers/role_name.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>
#include <stdexcept>

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

bool equal_names(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

}  // namespace

OpenAiEndpoint openai_endpoint(const std::string& base_url) {
    const auto parsed = boost::urls::parse_uri(base_url);
    const auto refuse = [](const std::string& why) -> std::invalid_argument {
        return std::invalid_argument("base_url " + why + "; it looks like https://api.openai.com/v1");
    };
    if (!parsed) throw refuse("is not a URL");
    boost::urls::url url(*parsed);
    if (url.scheme() != "http" && url.scheme() != "https") throw refuse("must begin with http:// or https://");
    if (url.host().empty()) throw refuse("names no host");
    if (url.has_userinfo()) throw refuse("must hold no user or password: keys belong into api_key");
    url.remove_fragment();
    std::string path(url.encoded_path());
    while (path.ends_with('/'))
        path.pop_back();
    if (!path.ends_with("/chat/completions")) path += "/chat/completions";
    url.set_encoded_path(path);
    OpenAiEndpoint endpoint;
    endpoint.url = std::string(url.buffer());
    endpoint.origin = std::string(url.encoded_origin());
    return endpoint;
}

HttpHeaders openai_headers(const OpenAiSettings& settings) {
    HttpHeaders headers{{"Content-Type", "application/json"}, {"Accept", "text/event-stream"}};
    if (!settings.api_key.empty()) headers.emplace_back("Authorization", "Bearer " + settings.api_key.reveal());
    for (const auto& [name, value] : settings.headers) {
        std::erase_if(headers, [&own = name](const auto& header) { return equal_names(header.first, own); });
        headers.emplace_back(name, value);
    }
    for (const auto& [name, value] : headers) {
        const auto all = name + value;
        if (name.empty() ||
            std::any_of(all.begin(), all.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; })) {
            throw std::invalid_argument("header '" + name + "' or the api_key holds a control character");
        }
    }
    return headers;
}

std::string openai_body(const Request& request, const OpenAiSettings& settings, const OpenAiDialect& dialect) {
    Json body;
    body["model"] = settings.model;
    body["messages"] = messages_json(request.messages);
    body["stream"] = true;
    body["stream_options"]["include_usage"] = true;
    if (request.top_logprobs > 0 && dialect.gives_logprobs) {
        const bool capped = dialect.max_top_logprobs > 0;
        body["logprobs"] = true;
        body["top_logprobs"] = capped ? std::min(request.top_logprobs, dialect.max_top_logprobs) : request.top_logprobs;
    }
    add_sampling(body, request.sampling, dialect.max_tokens_field);
    add_tools(body, request);
    if (!settings.extra_body.empty()) {
        const auto extra = Json::parse(settings.extra_body, nullptr, false);
        if (!extra.is_object()) throw std::invalid_argument("extra_body must be a JSON object");
        body.merge_patch(extra);
    }
    // Bytes that are no UTF-8 become U+FFFD: a prompt must not be able to throw.
    return body.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace enough
