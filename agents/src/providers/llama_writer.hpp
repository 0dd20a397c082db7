#pragma once

#include "providers/llama_job.hpp"
#include "providers/llama_model.hpp"
#include "providers/llama_sampler.hpp"
#include "providers/llama_sequences.hpp"
#include "providers/llama_text.hpp"
#include "providers/openai_think.hpp"

#include <enough/agents/answer.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>

namespace enough::llama {

/// Writes one answer: turns logits into tokens, tokens into text and evidence, and knows when it is done.
class Writer {
public:
    Writer(std::shared_ptr<Job> job, const Model& model, std::int64_t max_tokens, Placement placement);

    const Job& job() const { return *job_; }
    Sequence& sequence() const { return *sequence_; }

    /// All tokens of prompt and answer; the cache must hold them before the next one can be drawn.
    const TokenText& tokens() const { return tokens_; }
    /// Those the cache does not hold yet.
    std::size_t left() const { return tokens_.size() - sequence_->decoded.size(); }

    /// Draws the next token. True when the answer is complete: it has then been handed to the job.
    bool advance(std::span<const float> logits);

    /// Ends the answer with what went wrong.
    void fail(Failure failure);

    bool paused = false;  ///< waits until there is room for it in the cache

private:
    void take(llama_token token, std::span<const Scored> ranked, std::span<const float> logits);
    Token evidence(llama_token token, std::span<const Scored> ranked, std::span<const float> logits) const;
    void show(Token token, std::string text);
    void settle(Phase phase, Progress& progress);
    void add_text(ThinkText::Split split, Progress& progress);
    std::optional<FinishReason> reached() const;
    void finish(FinishReason reason);

    std::shared_ptr<Job> job_;
    const Model* model_;
    Sequence* sequence_;
    TokenText tokens_;
    Sampler sampler_;
    TextStream text_;
    ThinkText think_text_;
    ThinkTokens think_tokens_;
    std::vector<Token> undecided_;  // tokens whose phase is not known yet
    std::int64_t max_tokens_;
    Answer answer_;
};

}  // namespace enough::llama
