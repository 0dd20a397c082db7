#include "field_types.hpp"
#include "loading.hpp"

#include <array>
#include <string_view>

namespace enough {
namespace {

constexpr std::array<std::string_view, 10> profile_words{"generic", "openai",   "vllm",     "sglang",     "llama.cpp",
                                                         "ollama",  "deepseek", "together", "openrouter", "lm_studio"};
constexpr std::array<std::string_view, 3> api_words{"chat", "responses", "native"};

/// Only some servers have an interface of their own.
void check_api(const Fields& fields, const OpenAiSettings& settings) {
    const bool native = settings.profile == OpenAiProfile::llama_cpp || settings.profile == OpenAiProfile::ollama;
    if (settings.api == OpenAiApi::native && !native)
        fields.value().at("api").error("'native' needs 'profile: llama.cpp' or 'profile: ollama'");
}

}  // namespace

std::optional<ProviderSettings> read_openai(Fields& fields, const Loading&) {
    OpenAiSettings settings;
    read_server(fields, settings);
    fields.optional("profile", type::Choice<OpenAiProfile>{profile_words}, settings.profile);
    fields.optional("api", type::Choice<OpenAiApi>{api_words}, settings.api);
    fields.optional("max_tokens_field", type::Text{}, settings.max_tokens_field);
    fields.optional("logprobs", type::Boolean{}, settings.logprobs);
    check_api(fields, settings);
    return settings;
}

}  // namespace enough
