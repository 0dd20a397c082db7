#pragma once

#include "providers/http_protocol.hpp"
#include "providers/json_reader.hpp"
#include "providers/openai_think.hpp"
#include "providers/openai_tool_calls.hpp"

#include <enough/agents/agent.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace enough {

struct OpenAiStreamLimits {
    std::int64_t max_tokens = 4'000'000;
    std::size_t max_text_bytes = 64 * 1024 * 1024;
    std::size_t max_candidates = 64;  ///< of one token
};

/// Reads a chat completion's events, or its one document.
class OpenAiStream final : public AnswerReader {
public:
    explicit OpenAiStream(AnswerSink* sink, OpenAiStreamLimits limits = {}, ServerText server_text = {});

    Result<Progress> event(const SseEvent& event) override { return this->event(event.data); }

    /// One event's data: a chunk, an error object, or `[DONE]`.
    Result<Progress> event(const std::string& data);

    Result<Progress> document(const std::string& body) override;
    bool complete() const override { return finish_reason_.has_value(); }
    Result<Answer> finish(std::int64_t input_estimate) override;
    Answer stopped_early(std::int64_t input_estimate) override;
    Usage spent(std::int64_t input_estimate) const override;

private:
    struct Delta {
        std::string content;
        std::string reasoning;
        std::string refusal;
        void clear();
    };
    struct Reported {  // usage as the server gave it; -1 = not given
        std::int64_t input = -1;
        std::int64_t cached = -1;
        std::int64_t output = -1;
        std::int64_t reasoning = -1;
    };
    struct Complaint {
        std::string message;
        std::string code;
    };
    struct LegacyLists {  // of the older completions, which Together's chat has
        std::vector<std::string> tokens;
        std::vector<double> logprobs;
        std::vector<std::vector<Candidate>> candidates;
    };
    enum class Phases { by_delta, all_reasoning };

    Result<Progress> parse(const std::string& text);
    void read_root();
    void read_choices();
    void read_choice();
    void read_delta();
    void read_tool_calls();
    void read_tool_call();
    void read_function(OpenAiToolCalls::Piece& piece);
    void read_logprobs();
    void read_lone_logprob();
    void read_legacy_tokens(LegacyLists& legacy);
    void read_legacy_logprobs(LegacyLists& legacy);
    void read_legacy_candidates(LegacyLists& legacy);
    bool read_entries(Phases phases);  // true if there was one
    void read_entry(Phases phases);
    void read_candidates();
    bool read_candidate(Candidate& candidate);
    void read_usage();
    void read_details(std::string_view wanted, std::int64_t& out);
    void read_error();
    bool read_text(std::string& out);
    double read_logprob();
    void read_count(std::int64_t& out);
    void take_finish_reason(std::string_view reason);
    void take_delta();
    void show(Phase phase, std::string_view text);
    void show(const ThinkText::Split& split);
    void take_legacy(LegacyLists legacy);
    void take_token(Phases phases);
    void give_by_delta();
    void give_by_tags(const Token& token);
    void give(const Token& token, Phase phase);
    void give_held(Phase phase);
    void give_mixed();
    void give_document_tokens();
    void give_divided(std::vector<Token> tokens, std::string_view reasoning, std::string_view answer,
                      std::int64_t reasoning_count);
    bool delta_is_mixed() const { return !delta_.reasoning.empty() && !delta_.content.empty(); }
    void flush();
    bool halted() const { return stopped_ || failure_ || reader_->failed(); }
    void refuse(FailureKind kind, std::string message);
    void refuse_candidates();
    Answer take_answer(FinishReason reason, std::int64_t input_estimate);

    AnswerSink* sink_;
    OpenAiStreamLimits limits_;
    ServerText server_text_;
    JsonReader* reader_ = nullptr;  // of the event being read

    Answer answer_;
    std::optional<FinishReason> finish_reason_;
    bool refused_ = false;
    bool stopped_ = false;
    bool advanced_ = false;
    bool whole_document_ = false;
    std::optional<Failure> failure_;
    std::optional<Complaint> complaint_;
    Reported reported_;
    std::int64_t events_ = 0;
    std::int64_t tokens_ = 0;
    std::int64_t reasoning_tokens_ = 0;
    std::int64_t text_events_ = 0;

    OpenAiToolCalls tool_calls_;
    ThinkText think_text_;
    ThinkTokens think_tokens_;
    ThinkTokens reasoning_end_ = ThinkTokens::inside_reasoning();
    bool reasoning_is_listed_ = false;  // the server sends the reasoning's entries in a list of their own
    bool separated_ = false;            // the server sends reasoning in a field of its own
    Phase phase_ = Phase::answer;       // of the delta that is being read, or the last one that had text
    std::vector<Token> held_;           // whose phase can't be told yet

    // Reused from token to token, so that the usual one allocates nothing.
    Delta delta_;
    Token token_;
    std::int64_t token_id_ = -1;  // llama.cpp's; -1 = none
    std::size_t sampled_ = 0;     // which candidate has it
    std::string token_text_;
    std::string text_;
};

}  // namespace enough
