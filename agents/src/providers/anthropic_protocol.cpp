#include "providers/anthropic_protocol.hpp"

#include "failure_kind.hpp"
#include "providers/anthropic_reader.hpp"
#include "providers/endpoint.hpp"
#include "providers/tool_json.hpp"

#include <utility>

namespace enough {

namespace {

using Json = nlohmann::ordered_json;

constexpr const char* default_url = "https://api.anthropic.com/v1";

// The API requires a bound. This one leaves room for some thinking and is allowed by every model since 3.5.
constexpr std::int64_t default_max_tokens = 8192;

std::string system_text(const Request& request) {
    std::string out;
    for (const auto& message : request.messages) {
        if (message.role != Role::system) continue;
        if (!out.empty()) out += "\n\n";
        out += message.content;
    }
    return out;
}

// Blocks of text must not be empty.
void add_text(Json& blocks, const std::string& text) {
    if (!text.empty()) blocks.push_back(Json{{"type", "text"}, {"text", text}});
}

Json blocks_of(const Message& message) {
    auto blocks = Json::array();
    if (message.role == Role::tool) {
        blocks.push_back(
            Json{{"type", "tool_result"}, {"tool_use_id", message.tool_call_id}, {"content", message.content}});
        return blocks;
    }
    add_text(blocks, message.content);
    for (const auto& call : message.tool_calls)
        blocks.push_back(
            Json{{"type", "tool_use"}, {"id", call.id}, {"name", call.name}, {"input", arguments_object(call)}});
    return blocks;
}

// The results of one turn's calls must stand together in the user's next turn, before any text; turns of one role in a
// row are one turn (https://platform.claude.com/docs/en/agents-and-tools/tool-use/implement-tool-use). One that says
// nothing is left out, since a turn without content is refused.
Json turns(const Request& request) {
    auto out = Json::array();
    for (const auto& message : request.messages) {
        if (message.role == Role::system) continue;
        const std::string role = message.role == Role::assistant ? "assistant" : "user";
        auto blocks = blocks_of(message);
        if (blocks.empty()) continue;
        if (out.empty() || out.back()["role"] != role) out.push_back(Json{{"role", role}, {"content", Json::array()}});
        auto& content = out.back()["content"];
        for (auto& block : blocks)
            content.push_back(std::move(block));
    }
    return out;
}

void add_tools(Json& body, const Request& request) {
    for (const auto& tool : request.tools) {
        Json out{{"name", tool.name}};
        if (!tool.description.empty()) out["description"] = tool.description;
        out["input_schema"] = parameters_schema(tool);
        body["tools"].push_back(std::move(out));
    }
    if (!request.tools.empty() && request.tools_forbidden) body["tool_choice"]["type"] = "none";
}

// Effort goes with adaptive thinking, which models since 4.6 have; older ones want a budget, which `extra_body` can
// give (https://platform.claude.com/docs/en/build-with-claude/adaptive-thinking).
void add_sampling(Json& body, const Sampling& sampling) {
    body["max_tokens"] = sampling.max_tokens.value_or(default_max_tokens);
    if (sampling.temperature) body["temperature"] = *sampling.temperature;
    if (sampling.top_p) body["top_p"] = *sampling.top_p;
    if (!sampling.stop.empty()) body["stop_sequences"] = sampling.stop;
    if (!sampling.reasoning_effort) return;
    if (*sampling.reasoning_effort == "none") {
        body["thinking"]["type"] = "disabled";
    } else {
        body["thinking"]["type"] = "adaptive";
        body["output_config"]["effort"] = *sampling.reasoning_effort;
    }
}

class AnthropicProtocol final : public HttpProtocol {
public:
    explicit AnthropicProtocol(AnthropicSettings settings)
        : settings_(std::move(settings)),
          endpoint_(endpoint(settings_.base_url.empty() ? default_url : settings_.base_url, "/messages", default_url)) {
        HttpHeaders own{{"Content-Type", "application/json"}, {"anthropic-version", "2023-06-01"}};
        if (!settings_.api_key.empty()) own.emplace_back("x-api-key", settings_.api_key.reveal());
        headers_ = request_headers(std::move(own), settings_);
        request_body({}, settings_);  // an extra_body that is none is found out now
    }

    std::string origin() const override { return endpoint_.origin; }

    HttpRequest request(const Request& request) const override {
        Json body;
        body["model"] = settings_.model;
        if (auto system = system_text(request); !system.empty()) body["system"] = std::move(system);
        body["messages"] = turns(request);
        body["stream"] = request.streamed;
        add_sampling(body, request.sampling);
        add_tools(body, request);
        return {.url = endpoint_.url, .headers = headers_, .body = request_body(std::move(body), settings_)};
    }

    std::unique_ptr<AnswerReader> reader(const Request& request) const override {
        return std::make_unique<AnthropicReader>(request.sink, ServerText(settings_));
    }

    Dialect dialect() const override {
        Dialect dialect;
        dialect.gives_logprobs = false;
        return dialect;
    }

    // 404 is `not_found_error` with the model's name alone for a message; a prompt that is too long is a 400 that says
    // "prompt is too long" (https://platform.claude.com/docs/en/build-with-claude/context-windows).
    Failure failure(const HttpRefusal& refusal, const ServerText& server_text) const override {
        auto out = HttpProtocol::failure(refusal, server_text);
        if (out.kind != FailureKind::bad_request) return out;
        const auto error = server_error(refusal.body);
        if (error.code.find("not_found_error") != std::string::npos) out.kind = FailureKind::no_model;
        if (error.message.find("prompt is too long") != std::string::npos) out.kind = FailureKind::context_full;
        return out;
    }

private:
    AnthropicSettings settings_;
    Endpoint endpoint_;
    HttpHeaders headers_;
};

}  // namespace

std::unique_ptr<HttpProtocol> make_anthropic_protocol(AnthropicSettings settings) {
    return std::make_unique<AnthropicProtocol>(std::move(settings));
}

}  // namespace enough
