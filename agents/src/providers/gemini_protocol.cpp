#include "providers/gemini_protocol.hpp"

#include "failure_kind.hpp"
#include "providers/endpoint.hpp"
#include "providers/gemini_reader.hpp"
#include "providers/json_parts.hpp"
#include "providers/tool_json.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <stdexcept>
#include <utility>

namespace enough {

namespace {

using Json = nlohmann::ordered_json;

constexpr const char* default_url = "https://generativelanguage.googleapis.com/v1beta";

// Gemini 3 refuses calls without the signature it gave them, which an `Answer` has no place for. This value is what
// stands for one that isn't there (https://ai.google.dev/gemini-api/docs/thought-signatures#faqs).
constexpr std::string_view no_signature = "skip_thought_signature_validator";

Json text_parts(const std::string& text) {
    return Json::array({Json{{"text", text}}});
}

Json system_parts(const Request& request) {
    auto parts = Json::array();
    for (const auto& message : request.messages) {
        if (message.role == Role::system) parts.push_back(Json{{"text", message.content}});
    }
    return parts;
}

bool signs_calls(const std::string& model) {
    return model.find("gemini-1") == std::string::npos && model.find("gemini-2") == std::string::npos;
}

// The calls of one turn are one step, whose first call bears the signature.
Json model_parts(const Message& message, bool with_signature) {
    auto parts = message.content.empty() ? Json::array() : text_parts(message.content);
    for (const auto& call : message.tool_calls) {
        Json part;
        part["functionCall"] = Json{{"id", call.id}, {"name", call.name}, {"args", arguments_object(call)}};
        if (with_signature && &call == &message.tool_calls.front()) part["thoughtSignature"] = no_signature;
        parts.push_back(std::move(part));
    }
    return parts;
}

/// Turns of one role in a row are one turn: the results of a turn's calls have to stand together.
class Contents {
public:
    explicit Contents(bool with_signatures) : with_signatures_(with_signatures) {}

    void add(const Message& message) {
        if (message.role == Role::assistant) {
            for (const auto& call : message.tool_calls)
                names_[call.id] = call.name;
            append("model", model_parts(message, with_signatures_));
        } else if (message.role == Role::tool) {
            append("user", Json::array({Json{{"functionResponse", response(message)}}}));
        } else if (message.role == Role::user) {
            append("user", text_parts(message.content));
        }
    }

    Json take() { return std::move(contents_); }

private:
    // A result refers to its call by name as well as by id.
    Json response(const Message& message) const {
        const auto found = names_.find(message.tool_call_id);
        return {{"id", message.tool_call_id},
                {"name", found == names_.end() ? std::string("unknown") : found->second},
                {"response", Json{{"output", message.content}}}};
    }

    void append(const std::string& role, Json parts) {
        if (parts.empty()) return;
        if (contents_.empty() || contents_.back()["role"] != role)
            contents_.push_back(Json{{"role", role}, {"parts", Json::array()}});
        for (auto& part : parts)
            contents_.back()["parts"].push_back(std::move(part));
    }

    bool with_signatures_;
    std::map<std::string, std::string> names_;
    Json contents_ = Json::array();
};

// `parameters` knows a part of OpenAPI's schemas only; JSON Schema has a field of its own
// (https://ai.google.dev/api/caching#FunctionDeclaration).
void add_tools(Json& body, const Request& request) {
    if (request.tools.empty()) return;
    auto declarations = Json::array();
    for (const auto& tool : request.tools) {
        declarations.push_back(Json{
            {"name", tool.name}, {"description", tool.description}, {"parametersJsonSchema", parameters_schema(tool)}});
    }
    body["tools"] = Json::array({Json{{"functionDeclarations", std::move(declarations)}}});
    if (request.tools_forbidden) body["toolConfig"]["functionCallingConfig"]["mode"] = "NONE";
}

// A level is for Gemini 3 and later, a budget of none is how 2.5 is kept from thinking; the two exclude each other
// (https://ai.google.dev/gemini-api/docs/thinking).
Json generation_config(const Sampling& sampling) {
    auto config = Json::object();
    if (sampling.temperature) config["temperature"] = *sampling.temperature;
    if (sampling.top_p) config["topP"] = *sampling.top_p;
    if (sampling.seed) config["seed"] = static_cast<std::int64_t>(*sampling.seed & 0x7FFF'FFFF);  // an int32
    if (sampling.max_tokens) config["maxOutputTokens"] = *sampling.max_tokens;
    if (!sampling.stop.empty()) config["stopSequences"] = sampling.stop;
    if (sampling.reasoning_effort && *sampling.reasoning_effort == "none") {
        config["thinkingConfig"]["thinkingBudget"] = 0;
    } else if (sampling.reasoning_effort) {
        config["thinkingConfig"]["thinkingLevel"] = *sampling.reasoning_effort;
    }
    return config;
}

// A refusal says how long to wait in its body alone, as a duration like "45.837906927s" (google.rpc.RetryInfo).
std::optional<std::chrono::milliseconds> retry_delay(const nlohmann::json& error) {
    constexpr double longest = 24 * 60 * 60;
    for (const auto& detail : array_at(error, "details")) {
        const auto text = text_at(detail, "retryDelay");
        double seconds = 0;
        const auto [end, mistake] = std::from_chars(text.data(), text.data() + text.size(), seconds);
        if (mistake != std::errc() || std::string_view(end, text.data() + text.size()) != "s") continue;
        if (!(seconds >= 0)) continue;
        return std::chrono::milliseconds(static_cast<std::int64_t>(std::min(seconds, longest) * 1000));
    }
    return std::nullopt;
}

bool has_reason(const nlohmann::json& error, std::string_view reason) {
    const auto& details = array_at(error, "details");
    return std::any_of(details.begin(), details.end(),
                       [&](const nlohmann::json& detail) { return text_at(detail, "reason") == reason; });
}

bool is_model_name(const std::string& name) {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_' || c == '/';
    });
}

// A name may come with the collection it is of: `models/…`, `tunedModels/…`.
Endpoint method(const GeminiSettings& settings, const std::string& name) {
    if (!is_model_name(settings.model))
        throw std::invalid_argument("model '" + settings.model + "' is no name of a Gemini model");
    const std::string collection = settings.model.find('/') == std::string::npos ? "/models/" : "/";
    return endpoint(settings.base_url.empty() ? default_url : settings.base_url,
                    collection + settings.model + ":" + name, default_url);
}

class GeminiProtocol final : public HttpProtocol {
public:
    explicit GeminiProtocol(GeminiSettings settings)
        : settings_(std::move(settings)),
          whole_(method(settings_, "generateContent")),
          streamed_(method(settings_, "streamGenerateContent")) {
        streamed_.url += streamed_.url.find('?') == std::string::npos ? "?alt=sse" : "&alt=sse";
        HttpHeaders own{{"Content-Type", "application/json"}};
        if (!settings_.api_key.empty()) own.emplace_back("x-goog-api-key", settings_.api_key.reveal());
        headers_ = request_headers(std::move(own), settings_);
        request_body({}, settings_);  // an extra_body that is none is found out now
    }

    std::string origin() const override { return whole_.origin; }

    HttpRequest request(const Request& request) const override {
        Json body;
        if (auto parts = system_parts(request); !parts.empty()) body["systemInstruction"]["parts"] = std::move(parts);
        Contents contents(signs_calls(settings_.model));
        for (const auto& message : request.messages)
            contents.add(message);
        body["contents"] = contents.take();
        add_tools(body, request);
        if (auto config = generation_config(request.sampling); !config.empty())
            body["generationConfig"] = std::move(config);
        return {.url = request.streamed ? streamed_.url : whole_.url,
                .headers = headers_,
                .body = request_body(std::move(body), settings_)};
    }

    std::unique_ptr<AnswerReader> reader(const Request& request) const override {
        return std::make_unique<GeminiReader>(request.sink, ServerText(settings_));
    }

    Dialect dialect() const override {
        Dialect dialect;
        dialect.gives_logprobs = false;
        return dialect;
    }

    // A wrong key is a 400 here, told by the reason API_KEY_INVALID; a prompt that is too long is one as well
    // ("The input token count (…) exceeds the maximum number of tokens allowed (…)").
    Failure failure(const HttpRefusal& refusal, const ServerText& server_text) const override {
        auto out = HttpProtocol::failure(refusal, server_text);
        const auto body = json_object(refusal.body);
        if (!body) return out;
        const auto& error = object_at(*body, "error");
        out.retry_after = retry_delay(error);
        if (out.kind != FailureKind::bad_request) return out;
        if (has_reason(error, "API_KEY_INVALID")) out.kind = FailureKind::unauthorized;
        if (text_at(error, "message").find("exceeds the maximum number of tokens") != std::string_view::npos)
            out.kind = FailureKind::context_full;
        return out;
    }

private:
    GeminiSettings settings_;
    Endpoint whole_;
    Endpoint streamed_;
    HttpHeaders headers_;
};

}  // namespace

std::unique_ptr<HttpProtocol> make_gemini_protocol(GeminiSettings settings) {
    return std::make_unique<GeminiProtocol>(std::move(settings));
}

}  // namespace enough
