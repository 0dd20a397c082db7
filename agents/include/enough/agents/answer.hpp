#pragma once

#include <enough/agents/tool.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace enough {

/// Why a model stopped writing.
enum class FinishReason {
    stop,           ///< it was done
    length,         ///< cut at `max_tokens` or at the context's end: the answer is incomplete
    filter,         ///< withheld by the provider's content filter
    stopped_early,  ///< our own sink said stop: the text is a fragment
    tool_calls,     ///< it waits for the results of tools
    other,          ///< a reason we have no name for
};

/// Tokens of one call. `output_tokens` includes reasoning tokens, `input_tokens` includes cached ones.
struct Usage {
    std::int64_t input_tokens = 0;
    std::int64_t cached_input_tokens = 0;
    std::int64_t output_tokens = 0;
    std::int64_t reasoning_tokens = 0;
    bool estimated = false;  ///< counted by us, because the server's own count never came (a call cut short)

    Usage& operator+=(const Usage& other);
    bool operator==(const Usage&) const = default;
};

/// A complete answer of one call. A stream that ended early never becomes one.
struct Answer {
    std::string text;       ///< what is shown to the user; without the reasoning part
    std::string reasoning;  ///< the reasoning part where the server separates it, else empty
    std::vector<ToolCall>
        tool_calls;  ///< what the model wants called before it goes on; `finish_reason` is `tool_calls`
    FinishReason finish_reason = FinishReason::stop;
    Usage usage;
    std::optional<std::int64_t> reported_output_tokens;  ///< the server's own count, absent if it gave none
    /// Of a cached answer, where `usage` does not tell it: what it once was, absent if it was none.
    std::optional<std::int64_t> reported_reasoning_tokens;
    std::string model;        ///< the server's id of the model that answered
    std::string fingerprint;  ///< server build or model hash where known, else empty
    std::string answered_by;  ///< the fallback's name in `models:` if another model answered; its evidence is not ours
    bool from_cache = false;  ///< nothing was sent; `usage` is zero, `reported_output_tokens` is as it once was
    bool logprobs_refused = false;  ///< evidence was asked for and the server refuses to give any
    std::chrono::duration<double, std::milli> latency{};
    std::optional<std::chrono::duration<double, std::milli>> first_token;  ///< from the request being sent
};

}  // namespace enough
