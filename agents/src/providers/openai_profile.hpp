#pragma once

#include <enough/agents/settings.hpp>

#include <string>

namespace enough {

/// What is known of one kind of server that speaks OpenAI's chat completions. Each difference has its source beside it.
struct OpenAiTraits {
    enum class Logprobs {
        asked_by_flag,   ///< `logprobs: true, top_logprobs: k`
        asked_by_count,  ///< `logprobs: k`
        never_given,
    };
    enum class Effort {
        field,               ///< `reasoning_effort: low`
        field_and_template,  ///< the same, and among the chat template's variables
        object,              ///< `reasoning: {effort: low}`
    };

    const char* base_url = "https://api.openai.com/v1";
    const char* max_tokens_field = "max_tokens";
    Logprobs logprobs = Logprobs::asked_by_flag;
    int max_top_logprobs = 0;  ///< candidates that may be asked for; 0: no fixed maximum, the server's refusal tells
    Effort effort = Effort::field;
    bool stream_options = true;         ///< usage in a stream is asked for; false: it comes by itself
    bool routes_by_parameters = false;  ///< must be told to choose only hosts that understand what is asked for
};

const OpenAiTraits& openai_traits(OpenAiProfile profile);

/// The address that is set, or the profile's own.
std::string openai_base_url(const OpenAiSettings& settings);

/// Whether the server can give token probabilities through the interface that is used.
bool gives_logprobs(const OpenAiSettings& settings);

}  // namespace enough
