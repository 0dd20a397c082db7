#include <enough/agents/cache.hpp>

#include <nlohmann/json.hpp>

#include <filesystem>
#include <variant>

namespace enough {
namespace {

using nlohmann::ordered_json;

struct Identity {
    using Text = std::optional<std::string>;

    Text operator()(const OpenAiSettings& settings) const {
        auto identity = served("openai", settings);
        identity["profile"] = static_cast<int>(settings.profile);
        identity["api"] = static_cast<int>(settings.api);
        return identity.dump();
    }
    Text operator()(const AnthropicSettings& settings) const { return served("anthropic", settings).dump(); }
    Text operator()(const GeminiSettings& settings) const { return served("gemini", settings).dump(); }
    Text operator()(const LlamaSettings& settings) const {
        std::error_code none;
        const auto path = std::filesystem::weakly_canonical(settings.path, none);
        const auto size = std::filesystem::file_size(path, none);
        const auto age = std::filesystem::last_write_time(path, none).time_since_epoch().count();
        return ordered_json{{"provider", "llama"}, {"path", path.string()},       {"size", size},
                            {"written", age},      {"context", settings.context}, {"max_tokens", settings.max_tokens}}
            .dump();
    }
    Text operator()(const ScriptedSettings&) const { return std::nullopt; }

    static ordered_json served(const char* provider, const ServerSettings& settings) {
        return {{"provider", provider},
                {"base_url", settings.base_url},
                {"unix_socket", settings.connection.unix_socket},
                {"model", settings.model},
                {"extra_body", settings.extra_body},
                {"logprobs", settings.logprobs}};
    }
};

}  // namespace

std::optional<std::string> cache_identity(const ProviderSettings& settings) {
    return std::visit(Identity(), settings);
}

}  // namespace enough
