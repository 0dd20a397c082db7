#pragma once

#include <enough/agents/answer.hpp>
#include <enough/agents/failure.hpp>
#include <enough/agents/token.hpp>
#include <enough/agents/tool.hpp>
#include <enough/async/deadline.hpp>
#include <enough/async/task.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace enough {

enum class Role { system, user, assistant, tool };

struct Message {
    Role role = Role::user;
    std::string content;
    std::vector<ToolCall> tool_calls = {};  ///< of an assistant's turn: what it called
    std::string tool_call_id = {};          ///< of a tool's turn: the call that this is the result of

    bool operator==(const Message&) const = default;
};

/// How to sample. Absent = the server's or model's own default.
struct Sampling {
    std::optional<double> temperature;  ///< 0 = greedy
    std::optional<double> top_p;
    std::optional<std::uint64_t> seed;
    std::optional<std::int64_t> max_tokens;  ///< bound on output tokens, reasoning included
    std::vector<std::string> stop;
    std::optional<std::string> reasoning_effort;  ///< in the server's own words: `low`, `high`, `none` …

    bool operator==(const Sampling&) const = default;
};

enum class Flow { go_on, stop };

/// Why an agent wants to send a request once more.
enum class AttemptKind {
    retry,     ///< the one before failed
    hedge,     ///< the one before is slow; whichever answers first counts
    fallback,  ///< a model failed for good, and another one is asked
};

/// Grants attempts beyond the first of a call, so that retries, hedges and fallbacks draw from the same purse as
/// everything else.
/// Called on the executor that awaits `Agent::ask`, before the attempt and before any wait that precedes it: a refused
/// call fails at once, and what is granted is known to be affordable when the wait is over.
class Attempts {
public:
    virtual ~Attempts() = default;

    /// May the request be sent again? `spent`: what attempts of this call that are over have used up and no earlier
    /// question has named; nothing, if none is over (a hedge). It is news, not a final account: the usage of the
    /// answer, or what the final failure has spent, counts all attempts, those named here included. Only a call that is
    /// cancelled has no such account; then what was named here is all that is known.
    ///
    /// False: the agent makes do with what it has. A retry or a fallback fails with the failure at hand, a hedge is not
    /// sent.
    virtual bool another(AttemptKind kind, const Usage& spent, std::string_view reason) = 0;
};

/// Watches an answer while it is being written. Called on the executor that awaits `Agent::ask`, never concurrently.
class AnswerSink {
public:
    virtual ~AnswerSink() = default;

    /// A token with its evidence, in order. Returning `stop` ends the call at once: the agent closes the stream (or
    /// stops decoding) and answers with `FinishReason::stopped_early`. The token is valid during the call only.
    virtual Flow on_token(const Token& token) = 0;

    /// Text as it arrives, for people who watch. Comes also when the server gives no evidence.
    virtual void on_text(Phase phase, std::string_view text) = 0;

    /// The request goes out now: it has waited its turn, and costs from here on. Once for each time it is sent.
    virtual void on_sent() {}

    /// The model wrote something that is no text: a part of a tool call.
    virtual void on_progress() {}

    /// The call starts over (a retry): everything seen so far belongs to no answer.
    virtual void on_restart() = 0;
};

/// One request. `sink` and `attempts` must outlive the `ask` they are given to.
struct Request {
    std::vector<Message> messages;
    Sampling sampling;
    int top_logprobs = 0;          ///< candidates wanted for each token; 0 = ask for no evidence
    std::vector<ToolSpec> tools;   ///< what the model may call; empty: nothing
    bool tools_forbidden = false;  ///< they are shown (earlier turns used them), but must not be called in this answer
    int sample = 0;                ///< which of several equal requests of one run: a cache must not make them one
    bool streamed = true;          ///< false: the answer is asked for in one piece, for comparing
    std::uint64_t run = 0;         ///< on whose behalf: calls that wait for a limit take turns by run
    /// W3C trace context (https://www.w3.org/TR/trace-context/) that a server is told as it stands here; empty: none.
    /// No part of what is asked: no cache and no recording knows it.
    std::string traceparent = {};
    std::string tracestate = {};
    Deadline deadline;  ///< above all limits of the model itself
    AnswerSink* sink = nullptr;
    Attempts* attempts = nullptr;  ///< null: attempts are limited by the model's own settings alone
};

/// A model that can be asked. The only way a model is called; retry, rate limit, cache and record are agents that wrap
/// agents.
///
/// `ask` returns an answer that is complete, or a `Failure`. It throws only when it is cancelled (`terminal`), and then
/// it has closed its sockets. Several calls may be under way at once, on any executors that the agent was made for. The
/// agent must outlive its calls.
class Agent {
public:
    virtual ~Agent() = default;

    virtual Task<Result<Answer>> ask(Request request) = 0;
};

}  // namespace enough
