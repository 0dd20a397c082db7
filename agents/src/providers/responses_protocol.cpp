#include "providers/responses_protocol.hpp"

#include "providers/endpoint.hpp"
#include "providers/openai_profile.hpp"
#include "providers/responses_reader.hpp"
#include "providers/role_name.hpp"
#include "providers/tool_json.hpp"

#include <utility>

namespace enough {

namespace {

using Json = nlohmann::ordered_json;

// Calls go without the id of their item: the server would look for the reasoning it belongs to, which is not kept
// ("provided without its required 'reasoning' item", https://github.com/TanStack/ai/issues/1212).
void add_items(Json& input, const Message& message) {
    if (message.role == Role::tool) {
        input.push_back(
            Json{{"type", "function_call_output"}, {"call_id", message.tool_call_id}, {"output", message.content}});
        return;
    }
    if (!message.content.empty() || message.tool_calls.empty())
        input.push_back(Json{{"role", role_name(message.role)}, {"content", message.content}});
    for (const auto& call : message.tool_calls) {
        input.push_back(
            Json{{"type", "function_call"},
                 {"call_id", call.id},
                 {"name", call.name},
                 {"arguments", arguments_object(call).dump(-1, ' ', false, Json::error_handler_t::replace)}});
    }
}

// `strict` would be true if it were left out, and refuse most schemas.
void add_tools(Json& body, const Request& request) {
    for (const auto& tool : request.tools) {
        body["tools"].push_back(Json{{"type", "function"},
                                     {"name", tool.name},
                                     {"description", tool.description},
                                     {"parameters", parameters_schema(tool)},
                                     {"strict", false}});
    }
    if (!request.tools.empty() && request.tools_forbidden) body["tool_choice"] = "none";
}

void add_sampling(Json& body, const Sampling& sampling) {
    if (sampling.temperature) body["temperature"] = *sampling.temperature;
    if (sampling.top_p) body["top_p"] = *sampling.top_p;
    if (sampling.max_tokens) body["max_output_tokens"] = *sampling.max_tokens;
    if (sampling.reasoning_effort) body["reasoning"]["effort"] = *sampling.reasoning_effort;
}

class ResponsesProtocol final : public HttpProtocol {
public:
    explicit ResponsesProtocol(OpenAiSettings settings)
        : settings_(std::move(settings)), endpoint_(endpoint(openai_base_url(settings_), "/responses")) {
        HttpHeaders own{{"Content-Type", "application/json"}};
        if (!settings_.api_key.empty()) own.emplace_back("Authorization", "Bearer " + settings_.api_key.reveal());
        headers_ = request_headers(std::move(own), settings_);
        request_body({}, settings_);  // an extra_body that is none is found out now
    }

    std::string origin() const override { return endpoint_.origin; }

    HttpRequest request(const Request& request) const override {
        Json body;
        body["model"] = settings_.model;
        body["input"] = Json::array();
        for (const auto& message : request.messages)
            add_items(body["input"], message);
        body["stream"] = request.streamed;
        body["store"] = false;
        if (request.top_logprobs > 0) {
            body["include"] = Json::array({"message.output_text.logprobs"});
            body["top_logprobs"] = request.top_logprobs;
        }
        add_sampling(body, request.sampling);
        add_tools(body, request);
        return {.url = endpoint_.url, .headers = headers_, .body = request_body(std::move(body), settings_)};
    }

    std::unique_ptr<AnswerReader> reader(const Request& request) const override {
        return std::make_unique<ResponsesReader>(request.sink, ServerText(settings_));
    }

    // "An integer between 0 and 20".
    Dialect dialect() const override {
        Dialect dialect;
        dialect.gives_logprobs = gives_logprobs(settings_);
        dialect.max_top_logprobs = 20;
        return dialect;
    }

private:
    OpenAiSettings settings_;
    Endpoint endpoint_;
    HttpHeaders headers_;
};

}  // namespace

std::unique_ptr<HttpProtocol> make_responses_protocol(OpenAiSettings settings) {
    return std::make_unique<ResponsesProtocol>(std::move(settings));
}

}  // namespace enough
