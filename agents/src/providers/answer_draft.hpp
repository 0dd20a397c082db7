#pragma once

#include "providers/http_protocol.hpp"
#include "providers/openai_tool_calls.hpp"

#include <enough/agents/agent.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace enough {

struct DraftLimits {
    std::int64_t max_tokens = 4'000'000;
    std::size_t max_text_bytes = 64 * 1024 * 1024;  ///< answer and reasoning together
    std::size_t max_candidates = 64;                ///< of one token
};

/// Usage as far as the server has told it. `output` includes reasoning, `input` what was cached.
struct ReportedUsage {
    std::optional<std::int64_t> input;
    std::optional<std::int64_t> cached;
    std::optional<std::int64_t> output;
    std::optional<std::int64_t> reasoning;
};

/// An answer while it is being written, the same for every protocol: takes text, tokens and tool calls, shows them to
/// the sink, keeps to the limits and counts what is used up. Once it is `halted` it takes nothing any more.
class AnswerDraft {
public:
    explicit AnswerDraft(AnswerSink* sink, DraftLimits limits = {}) : sink_(sink), limits_(limits) {}

    /// What follows came in one event.
    void begin_event();

    void show(Phase phase, std::string_view text);
    void give(Token token, Phase phase);
    void add_call(OpenAiToolCalls::Piece piece);

    /// The server said why it stopped writing.
    void conclude(FinishReason reason) { finish_reason_ = reason; }
    /// What was shown is a refusal, whatever the server says of the reason.
    void withhold() { withheld_ = true; }
    /// The call has failed; the first failure counts.
    void fail(Failure failure);

    /// Takes over what is there.
    void report(const ReportedUsage& usage);
    void name_model(std::string_view model);
    void name_build(std::string_view fingerprint);

    bool halted() const { return stopped_ || failure_.has_value(); }
    bool complete() const { return finish_reason_.has_value(); }
    bool empty() const { return answer_.text.empty() && answer_.reasoning.empty() && calls_.empty() && tokens_ == 0; }
    std::int64_t tokens() const { return tokens_; }
    std::int64_t events() const { return events_; }

    /// What the event has come to. `last`: it is the protocol's own end.
    Result<AnswerReader::Progress> progress(bool last) const;

    // As `AnswerReader` promises them.
    Result<Answer> finish(std::int64_t input_estimate);
    Answer stopped_early(std::int64_t input_estimate);
    Usage spent(std::int64_t input_estimate) const;

private:
    std::int64_t seen() const;
    Answer take(FinishReason reason, std::int64_t input_estimate);

    AnswerSink* sink_;
    DraftLimits limits_;
    Answer answer_;
    OpenAiToolCalls calls_;
    ReportedUsage reported_;
    std::optional<FinishReason> finish_reason_;
    std::optional<Failure> failure_;
    bool withheld_ = false;
    bool stopped_ = false;
    bool advanced_ = false;
    std::int64_t events_ = 0;
    std::int64_t events_with_text_ = 0;
    std::int64_t tokens_ = 0;
    std::int64_t reasoning_tokens_ = 0;
    std::size_t call_bytes_ = 0;
};

}  // namespace enough
