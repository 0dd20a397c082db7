#include "providers/openai_profile.hpp"

namespace enough {

namespace {

using Logprobs = OpenAiTraits::Logprobs;
using Effort = OpenAiTraits::Effort;

const OpenAiTraits generic{};

// `max_tokens` is deprecated and refused by reasoning models:
// https://platform.openai.com/docs/api-reference/chat/create (quoted in github.com/simonw/llm/issues/724). top_logprobs
// 0 to 20: the same page. That reasoning models give no logprobs they say themselves, with 403:
// github.com/confident-ai/deepeval/issues/2184
const OpenAiTraits openai{.max_tokens_field = "max_completion_tokens", .max_top_logprobs = 20};

// Port and path: https://docs.vllm.ai/en/stable/serving/openai_compatible_server.html. reasoning_effort and
// stream_options: vllm/entrypoints/openai/chat_completion/protocol.py. The maximum of candidates is the server's
// `--max-logprobs`, 20 unless set: vllm/config/model.py
const OpenAiTraits vllm{.base_url = "http://localhost:8000/v1"};

// https://docs.sglang.ai/basic_usage/openai_api_completions.html; reasoning_effort (`none` switches thinking off):
// python/sglang/srt/entrypoints/openai/protocol.py
const OpenAiTraits sglang{.base_url = "http://localhost:30000/v1"};

// https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md. The field reasoning_effort is understood
// since github.com/ggml-org/llama.cpp/pull/26941, before that only among chat_template_kwargs
// (github.com/co-l/openfox/issues/256): both are sent.
const OpenAiTraits llama_cpp{.base_url = "http://localhost:8080/v1", .effort = Effort::field_and_template};

// https://docs.ollama.com/api/openai-compatibility; reasoning_effort and stream_options: ollama's openai/openai.go.
// More than 20 candidates are refused ("top_logprobs must be between 0 and 20"). Builds before 0.12.11 know no logprobs
// and some later ones drop them silently: github.com/ollama/ollama/issues/16117
const OpenAiTraits ollama{.base_url = "http://localhost:11434/v1", .max_top_logprobs = 20};

// No /v1; top_logprobs at most 20: https://api-docs.deepseek.com/api/create-chat-completion. reasoning_effort:
// https://api-docs.deepseek.com/guides/thinking_mode
const OpenAiTraits deepseek{.base_url = "https://api.deepseek.com", .max_top_logprobs = 20};

// `logprobs` is a number: https://docs.together.ai/docs/logprobs, 0 to 20:
// github.com/togethercomputer/openapi/pull/104. A streamed chunk has the token's logprob alone, as a number:
// github.com/togethercomputer/openapi/pull/27. Its description of the request has no stream_options; usage comes with
// the last chunk: github.com/togethercomputer/openapi, openapi.yaml. reasoning_effort:
// github.com/BerriAI/litellm/pull/38263
const OpenAiTraits together{.base_url = "https://api.together.xyz/v1",
                            .logprobs = Logprobs::asked_by_count,
                            .max_top_logprobs = 20,
                            .stream_options = false};

// reasoning.effort: https://openrouter.ai/docs/use-cases/reasoning-tokens. Usage always comes and stream_options has no
// effect: https://openrouter.ai/docs/use-cases/usage-accounting. top_logprobs 0 to 20:
// https://openrouter.ai/docs/api-reference/parameters. Hosts that don't know a parameter ignore it unless
// provider.require_parameters is set: https://openrouter.ai/docs/features/provider-routing; where no host is left the
// answer is 404: github.com/block/buzz/issues/3018
const OpenAiTraits openrouter{.base_url = "https://openrouter.ai/api/v1",
                              .max_top_logprobs = 20,
                              .effort = Effort::object,
                              .stream_options = false,
                              .routes_by_parameters = true};

// https://lmstudio.ai/docs/developer/openai-compat. Logprobs are accepted and never given:
// github.com/lmstudio-ai/lms/issues/60 (chat), github.com/lmstudio-ai/lmstudio-bug-tracker/issues/1420 (responses)
const OpenAiTraits lm_studio{.base_url = "http://localhost:1234/v1", .logprobs = Logprobs::never_given};

}  // namespace

const OpenAiTraits& openai_traits(OpenAiProfile profile) {
    switch (profile) {
        case OpenAiProfile::generic:
            return generic;
        case OpenAiProfile::openai:
            return openai;
        case OpenAiProfile::vllm:
            return vllm;
        case OpenAiProfile::sglang:
            return sglang;
        case OpenAiProfile::llama_cpp:
            return llama_cpp;
        case OpenAiProfile::ollama:
            return ollama;
        case OpenAiProfile::deepseek:
            return deepseek;
        case OpenAiProfile::together:
            return together;
        case OpenAiProfile::openrouter:
            return openrouter;
        case OpenAiProfile::lm_studio:
            return lm_studio;
    }
    return generic;
}

std::string openai_base_url(const OpenAiSettings& settings) {
    return settings.base_url.empty() ? openai_traits(settings.profile).base_url : settings.base_url;
}

bool gives_logprobs(const OpenAiSettings& settings) {
    // llama.cpp's `/v1/responses` writes an empty list for every answer: tools/server/server-task.cpp
    const bool empty_lists = settings.profile == OpenAiProfile::llama_cpp && settings.api == OpenAiApi::responses;
    return settings.logprobs && !empty_lists && openai_traits(settings.profile).logprobs != Logprobs::never_given;
}

}  // namespace enough
