#include "providers/ollama_protocol.hpp"

#include "providers/endpoint.hpp"
#include "providers/ollama_reader.hpp"
#include "providers/role_name.hpp"
#include "providers/tool_json.hpp"

#include <map>
#include <utility>

namespace enough {

namespace {

using Json = nlohmann::ordered_json;

constexpr const char* default_url = "http://localhost:11434";

Json calls_of(const Message& message) {
    auto calls = Json::array();
    for (const auto& call : message.tool_calls) {
        const Json function{{"name", call.name}, {"arguments", arguments_object(call)}};
        calls.push_back(Json{{"id", call.id}, {"function", function}});
    }
    return calls;
}

// A result refers to its call by the tool's name, on newer servers by id as well
// (https://docs.ollama.com/capabilities/tool-calling).
Json messages_of(const Request& request) {
    auto out = Json::array();
    std::map<std::string, std::string> names;
    for (const auto& message : request.messages) {
        Json turn{{"role", role_name(message.role)}, {"content", message.content}};
        if (!message.tool_calls.empty()) turn["tool_calls"] = calls_of(message);
        for (const auto& call : message.tool_calls)
            names[call.id] = call.name;
        if (message.role == Role::tool) {
            turn["tool_name"] = names[message.tool_call_id];
            turn["tool_call_id"] = message.tool_call_id;
        }
        out.push_back(std::move(turn));
    }
    return out;
}

// There is no way to forbid the use of tools but to leave them out.
void add_tools(Json& body, const Request& request) {
    if (request.tools_forbidden) return;
    for (const auto& tool : request.tools) {
        const Json function{
            {"name", tool.name}, {"description", tool.description}, {"parameters", parameters_schema(tool)}};
        body["tools"].push_back(Json{{"type", "function"}, {"function", function}});
    }
}

// `think` is true, false, or a level for models that have levels (https://docs.ollama.com/capabilities/thinking).
Json think(const std::string& effort) {
    if (effort == "none" || effort == "false") return false;
    if (effort == "true") return true;
    return effort;
}

Json options_of(const Sampling& sampling) {
    auto options = Json::object();
    if (sampling.temperature) options["temperature"] = *sampling.temperature;
    if (sampling.top_p) options["top_p"] = *sampling.top_p;
    if (sampling.seed) options["seed"] = static_cast<std::int64_t>(*sampling.seed & 0x7FFF'FFFF);  // a C int there
    if (sampling.max_tokens) options["num_predict"] = *sampling.max_tokens;
    if (!sampling.stop.empty()) options["stop"] = sampling.stop;
    return options;
}

Endpoint chat(const std::string& base_url) {
    if (base_url.empty()) return endpoint(default_url, "/api/chat");
    return endpoint(without_ending(without_ending(base_url, "/v1"), "/api"), "/api/chat", default_url);
}

class OllamaProtocol final : public HttpProtocol {
public:
    explicit OllamaProtocol(OpenAiSettings settings)
        : settings_(std::move(settings)), endpoint_(chat(settings_.base_url)) {
        HttpHeaders own{{"Content-Type", "application/json"}};
        if (!settings_.api_key.empty()) own.emplace_back("Authorization", "Bearer " + settings_.api_key.reveal());
        headers_ = request_headers(std::move(own), settings_);
        request_body({}, settings_);  // an extra_body that is none is found out now
    }

    std::string origin() const override { return endpoint_.origin; }
    Framing framing() const override { return Framing::lines; }

    HttpRequest request(const Request& request) const override {
        Json body;
        body["model"] = settings_.model;
        body["messages"] = messages_of(request);
        body["stream"] = request.streamed;
        if (request.top_logprobs > 0) {
            body["logprobs"] = true;
            body["top_logprobs"] = request.top_logprobs;
        }
        if (request.sampling.reasoning_effort) body["think"] = think(*request.sampling.reasoning_effort);
        if (auto options = options_of(request.sampling); !options.empty()) body["options"] = std::move(options);
        add_tools(body, request);
        return {.url = endpoint_.url, .headers = headers_, .body = request_body(std::move(body), settings_)};
    }

    std::unique_ptr<AnswerReader> reader(const Request& request) const override {
        return std::make_unique<OllamaReader>(request.sink, ServerText(settings_));
    }

    // More than 20 candidates are refused (https://github.com/ollama/ollama/issues/18590).
    Dialect dialect() const override {
        Dialect dialect;
        dialect.max_top_logprobs = 20;
        return dialect;
    }

private:
    OpenAiSettings settings_;
    Endpoint endpoint_;
    HttpHeaders headers_;
};

}  // namespace

std::unique_ptr<HttpProtocol> make_ollama_protocol(OpenAiSettings settings) {
    return std::make_unique<OllamaProtocol>(std::move(settings));
}

}  // namespace enough
