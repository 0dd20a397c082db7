#include "providers/llama_cpp_protocol.hpp"

#include "failure_kind.hpp"
#include "providers/endpoint.hpp"
#include "providers/json_parts.hpp"
#include "providers/llama_cpp_reader.hpp"
#include "providers/role_name.hpp"

#include <utility>

namespace enough {

namespace {

using Json = nlohmann::ordered_json;

constexpr const char* default_url = "http://localhost:8080";

Endpoint at(const std::string& base_url, std::string_view path) {
    if (base_url.empty()) return endpoint(default_url, path);
    return endpoint(without_ending(base_url, "/v1"), path, default_url);
}

Json messages_of(const Request& request) {
    auto out = Json::array();
    for (const auto& message : request.messages)
        out.push_back(Json{{"role", role_name(message.role)}, {"content", message.content}});
    return out;
}

// Templates have no parameter of one name for it: these are those of most models that think, and of gpt-oss.
Json template_arguments(const std::string& effort) {
    if (effort == "none") return Json{{"enable_thinking", false}};
    return Json{{"enable_thinking", true}, {"reasoning_effort", effort}};
}

std::optional<std::string> prompt_in(const std::string& preparation) {
    const auto json = json_object(preparation);
    const auto* prompt = json ? member(*json, "prompt") : nullptr;
    if (prompt == nullptr || !prompt->is_string()) return std::nullopt;
    return prompt->get<std::string>();
}

// Some templates open the reasoning themselves.
bool ends_in_thinking(std::string_view prompt) {
    const auto end = prompt.find_last_not_of(" \t\r\n");
    return end != std::string_view::npos && prompt.substr(0, end + 1).ends_with("<think>");
}

class LlamaCppProtocol final : public HttpProtocol {
public:
    explicit LlamaCppProtocol(OpenAiSettings settings)
        : settings_(std::move(settings)),
          template_(at(settings_.base_url, "/apply-template")),
          completion_(at(settings_.base_url, "/completion")) {
        HttpHeaders own{{"Content-Type", "application/json"}};
        if (!settings_.api_key.empty()) own.emplace_back("Authorization", "Bearer " + settings_.api_key.reveal());
        headers_ = request_headers(std::move(own), settings_);
        request_body({}, settings_);  // an extra_body that is none is found out now
    }

    std::string origin() const override { return completion_.origin; }

    // For a conversation that is its own prompt: without a template, messages one after the other.
    HttpRequest request(const Request& request) const override {
        std::string prompt;
        for (const auto& message : request.messages)
            prompt += message.content;
        return completion(std::move(prompt), request);
    }

    std::optional<HttpRequest> preparation(const Request& request) const override {
        Json body{{"messages", messages_of(request)}};
        if (request.sampling.reasoning_effort)
            body["chat_template_kwargs"] = template_arguments(*request.sampling.reasoning_effort);
        return HttpRequest{.url = template_.url,
                           .headers = headers_,
                           .body = body.dump(-1, ' ', false, Json::error_handler_t::replace)};
    }

    Result<HttpRequest> request_after(const std::string& preparation, const Request& request) const override {
        if (!request.tools.empty()) {
            return make_failure(FailureKind::bad_request,
                                "llama.cpp's own interface has no tools; use api: chat for an agent that has some");
        }
        auto prompt = prompt_in(preparation);
        if (!prompt) {
            return make_failure(FailureKind::bad_response,
                                "the answer to /apply-template has no prompt; is this llama.cpp's server?");
        }
        return completion(std::move(*prompt), request);
    }

    std::unique_ptr<AnswerReader> reader(const Request& request) const override {
        return std::make_unique<LlamaCppReader>(request.sink, ServerText(settings_));
    }

    std::unique_ptr<AnswerReader> reader_after(const std::string& preparation, const Request& request) const override {
        const bool thinking = ends_in_thinking(prompt_in(preparation).value_or(""));
        return std::make_unique<LlamaCppReader>(request.sink, ServerText(settings_), thinking);
    }

private:
    HttpRequest completion(std::string prompt, const Request& request) const {
        const auto& sampling = request.sampling;
        Json body{{"prompt", std::move(prompt)}, {"stream", request.streamed}, {"cache_prompt", true}};
        if (!settings_.model.empty()) body["model"] = settings_.model;  // a router of several models wants it
        if (request.top_logprobs > 0) body["n_probs"] = request.top_logprobs;
        if (sampling.temperature) body["temperature"] = *sampling.temperature;
        if (sampling.top_p) body["top_p"] = *sampling.top_p;
        if (sampling.seed) body["seed"] = *sampling.seed;
        if (sampling.max_tokens) body["n_predict"] = *sampling.max_tokens;
        if (!sampling.stop.empty()) body["stop"] = sampling.stop;
        return {.url = completion_.url, .headers = headers_, .body = request_body(std::move(body), settings_)};
    }

    OpenAiSettings settings_;
    Endpoint template_;
    Endpoint completion_;
    HttpHeaders headers_;
};

}  // namespace

std::unique_ptr<HttpProtocol> make_llama_cpp_protocol(OpenAiSettings settings) {
    return std::make_unique<LlamaCppProtocol>(std::move(settings));
}

}  // namespace enough
