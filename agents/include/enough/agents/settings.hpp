#pragma once

#include <enough/agents/tool.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace enough {

class RateShare;

/// A value that must never be printed. It has no stream operator and no implicit conversion; `reveal` is greppable.
class Secret {
public:
    Secret() = default;
    explicit Secret(std::string value) : value_(std::move(value)) {}

    const std::string& reveal() const { return value_; }
    bool empty() const { return value_.empty(); }

private:
    std::string value_;
};

struct Timeouts {
    std::chrono::milliseconds connect{5'000};       ///< resolve, connect and TLS handshake
    std::chrono::milliseconds first_token{60'000};  ///< from the request being sent to the first token
    std::chrono::milliseconds idle{30'000};         ///< between tokens; comments and empty chunks don't count
    std::chrono::milliseconds total{300'000};       ///< of one attempt
};

struct RetryPolicy {
    int attempts = 4;  ///< in all, the first included
    /// Retries of all calls together, as a share of all calls, beyond a reserve of ten: a storm is impossible.
    double budget = 0.2;
    std::chrono::milliseconds delay{500};
    std::chrono::milliseconds max_delay{20'000};
};

/// A second request beside a slow one; the one whose first token comes first counts, the other is cancelled. With both
/// values the earlier moment counts, with none there is no second request.
struct HedgePolicy {
    std::optional<std::chrono::milliseconds> after;  ///< without a token for so long
    std::optional<double> quantile;  ///< or longer than this share of the latest calls waited for theirs (0.95: `p95`)
};

/// Absent = no limit.
struct RateLimits {
    std::optional<int> concurrency;
    std::optional<int> requests_per_minute;
    std::optional<std::int64_t> tokens_per_minute;
    /// Where several processes share the limits: the part of this one. Null: they are this process's alone.
    std::shared_ptr<RateShare> share{};
};

/// When a model's server is left alone for a while: `failures` failed calls in a row open the circuit, and calls then
/// fail at once until `cooldown` is over; the next one tries. Refusals that say nothing of the server's health (400,
/// 401, 429) don't count.
struct CircuitPolicy {
    int failures = 10;
    std::chrono::milliseconds cooldown{15'000};
};

/// How a server is reached, besides its URL.
struct ConnectionSettings {
    std::string ca_file;             ///< PEM bundle that replaces the system's trust store, or empty
    std::string client_certificate;  ///< PEM file with our certificate and its chain, or empty
    std::string client_key;          ///< PEM file with its key; may be the same file
    std::string unix_socket;         ///< path of a socket to connect to; the URL then names host and path alone
    /// URL of an HTTP proxy, `none` for a direct connection; empty: what the environment says
    std::string proxy;
};

/// What every model reached over HTTP has, whatever is spoken with it.
struct ServerSettings {
    std::string base_url;
    Secret api_key;
    std::string model;
    std::map<std::string, std::string> headers;  ///< sent besides our own; values may hold secrets
    std::string extra_body;                      ///< a JSON object merged into the request body, or empty
    ConnectionSettings connection;
    bool logprobs = true;  ///< false: the server is known to give none, and is never asked
    Timeouts timeouts;
    RetryPolicy retry;
    std::optional<CircuitPolicy> circuit = CircuitPolicy();
    std::optional<HedgePolicy> hedge;
    RateLimits limits;
};

/// Whose server it is, where that makes a difference to what is sent and expected.
enum class OpenAiProfile {
    generic,
    openai,
    vllm,
    sglang,
    llama_cpp,
    ollama,
    deepseek,
    together,
    openrouter,
    lm_studio,
};

/// Which of a server's interfaces is used.
enum class OpenAiApi {
    chat,       ///< `/chat/completions`
    responses,  ///< `/responses`
    native,     ///< the server's own: llama.cpp's `/completion`, Ollama's `/api/chat`
};

/// Any OpenAI-compatible server.
struct OpenAiSettings : ServerSettings {
    OpenAiProfile profile = OpenAiProfile::generic;
    OpenAiApi api = OpenAiApi::chat;
    std::string max_tokens_field;  ///< `max_tokens` or `max_completion_tokens`; empty: as the profile has it
};

/// Anthropic's Messages API. Gives no logprobs.
struct AnthropicSettings : ServerSettings {};

/// Google's Gemini API (`generateContent`).
struct GeminiSettings : ServerSettings {};

/// A GGUF file run in this process by llama.cpp's library.
struct LlamaSettings {
    std::string path;
    std::uint32_t context = 4096;    ///< tokens, prompt and answer together
    int threads = 0;                 ///< 0 = one per core, at most 8
    std::int64_t max_tokens = 1024;  ///< bound used where a request states none
};

/// One prepared answer of a scripted model.
struct ScriptedAnswer {
    std::string text;
    std::string reasoning;
    /// RE2 searched in the last user message and in the results of tools that end the conversation; absent = fits any
    std::optional<std::string> when;
    std::vector<double> entropy;         ///< bits per token; one value is used for every token; empty = no evidence
    std::optional<std::int64_t> tokens;  ///< output tokens; absent = words of the text, or the number of entropies
    std::optional<std::int64_t> input_tokens;  ///< absent = words of the prompt
    std::string finish_reason = "stop";        ///< stop | length | filter; `stop` with tool calls means these
    std::vector<ToolCall> tool_calls;          ///< the answer calls these tools; an empty id gets one
    std::optional<std::string> error;          ///< a FailureKind's name: the call fails with it instead
    std::chrono::milliseconds delay{0};
    bool repeat = false;  ///< may be given any number of times; else once
};

/// Answers from the workflow itself: for tests of workflows, without any model.
struct ScriptedSettings {
    std::vector<ScriptedAnswer> answers;
    bool logprobs = true;  ///< false: stands for a provider that gives none
    RetryPolicy retry{.attempts = 1};
    std::optional<HedgePolicy> hedge;
    RateLimits limits;
};

/// A server of tools that speaks MCP: a program on its standard streams, or a URL.
struct ToolServerSettings {
    std::vector<std::string> command;                ///< program and arguments; empty: `url`
    std::map<std::string, std::string> environment;  ///< added to this process's own; values may hold secrets
    std::string url;                                 ///< of streamable HTTP
    std::map<std::string, std::string> headers;      ///< values may hold secrets
    std::vector<Secret> secrets;                     ///< those among the values that its tools must not tell a model
    std::vector<std::string> allow;                  ///< names of tools that may be used; empty: all
    std::chrono::milliseconds timeout{60'000};       ///< of one request, the first included
    std::size_t max_result_bytes = 256 * 1024;       ///< a longer result is cut, and says so
};

using ProviderSettings =
    std::variant<OpenAiSettings, AnthropicSettings, GeminiSettings, LlamaSettings, ScriptedSettings>;

/// What the model has in common with all that are reached over HTTP; null if it is none of these.
const ServerSettings* server_settings(const ProviderSettings& settings);

/// Makes the limits of the agents made with these settings those of a fleet. A provider that has no limits is left as
/// it is.
void set_rate_share(ProviderSettings& settings, const std::shared_ptr<RateShare>& share);

/// Can the provider give token probabilities at all?
bool gives_logprobs(const ProviderSettings& settings);

}  // namespace enough
