#include "telemetry/called_model.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <filesystem>
#include <string_view>
#include <variant>

namespace enough {
namespace {

/// Well-known values first: https://opentelemetry.io/docs/specs/semconv/registry/attributes/gen-ai/
std::string provider_of(OpenAiProfile profile) {
    switch (profile) {
        case OpenAiProfile::generic:
        case OpenAiProfile::openai:
            return "openai";  // whatever speaks its language; `server.address` tells who it is
        case OpenAiProfile::deepseek:
            return "deepseek";
        case OpenAiProfile::vllm:
            return "vllm";
        case OpenAiProfile::sglang:
            return "sglang";
        case OpenAiProfile::llama_cpp:
            return "llama_cpp";
        case OpenAiProfile::ollama:
            return "ollama";
        case OpenAiProfile::together:
            return "together";
        case OpenAiProfile::openrouter:
            return "openrouter";
        case OpenAiProfile::lm_studio:
            return "lm_studio";
    }
    return "_OTHER";
}

struct Described {
    std::string provider;
    std::string model;
};

struct Describe {
    Described operator()(const OpenAiSettings& settings) const {
        return {provider_of(settings.profile), settings.model};
    }
    Described operator()(const AnthropicSettings& settings) const { return {"anthropic", settings.model}; }
    Described operator()(const GeminiSettings& settings) const { return {"gcp.gemini", settings.model}; }
    Described operator()(const LlamaSettings& settings) const {
        return {"llama_cpp", std::filesystem::path(settings.path).filename().string()};
    }
    Described operator()(const ScriptedSettings&) const { return {"scripted", {}}; }
};

}  // namespace

Attributes model_attributes(const Model& model) {
    const Described described = std::visit(Describe{}, model.provider);
    Attributes attributes;
    attributes.emplace_back("gen_ai.provider.name", described.provider);
    attributes.emplace_back("gen_ai.request.model", described.model.empty() ? model.key : described.model);
    if (const ServerSettings* server = server_settings(model.provider)) {
        const auto url = boost::urls::parse_uri(server->base_url);
        if (url && !url->host_address().empty()) {
            attributes.emplace_back("server.address", url->host_address());
            const std::int64_t usual = url->scheme() == "https" ? 443 : 80;
            attributes.emplace_back("server.port", url->has_port() ? std::int64_t{url->port_number()} : usual);
        }
    }
    return attributes;
}

}  // namespace enough
