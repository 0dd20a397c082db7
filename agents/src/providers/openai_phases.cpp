// The part of `OpenAiStream` that tells which tokens are reasoning and which are the answer.
#include "providers/answer_begins.hpp"
#include "providers/openai_stream.hpp"

#include <fmt/format.h>

#include <limits>
#include <utility>

namespace enough {

void OpenAiStream::take_token(Phases phases) {
    advanced_ = true;
    const bool told_later = whole_document_ || (separated_ && delta_is_mixed());  // once all are there
    if (phases == Phases::all_reasoning) {
        if (!told_later) give_held(Phase::reasoning);
        reasoning_is_listed_ = true;
        give(token_, Phase::reasoning);
    } else if (told_later) {
        held_.push_back(token_);
    } else if (separated_) {
        give_by_delta();
    } else {
        give_by_tags(token_);
    }
}

// Servers that take several steps at once send all their tokens with the first delta, also those that follow the
// closing tag: github.com/sgl-project/sglang/pull/28601, issue 26782 there.
void OpenAiStream::give_by_delta() {
    if (phase_ == Phase::answer) return give(token_, Phase::answer);
    if (reasoning_end_.past_reasoning()) reasoning_end_ = ThinkTokens::inside_reasoning();
    const auto phase = reasoning_end_.feed(token_.bytes);
    if (reasoning_end_.past_reasoning()) phase_ = Phase::answer;
    give(token_, phase.value_or(Phase::reasoning));
}

void OpenAiStream::give_by_tags(const Token& token) {
    auto phase = think_tokens_.feed(token.bytes);
    // Tokens that do not spell the text (vLLM's `token_id:7`) hold no tags: then it is the text that tells.
    if (phase && !think_tokens_.tagged()) {
        if (think_text_.undecided()) phase.reset();
        if (think_text_.tagged()) phase = think_text_.phase();
    }
    if (!phase) {
        held_.push_back(token);
        return;
    }
    give_held(*phase);
    give(token, *phase);
}

void OpenAiStream::give_held(Phase phase) {
    const auto held = std::exchange(held_, {});
    for (const auto& token : held)
        give(token, phase);
}

void OpenAiStream::give(const Token& token, Phase phase) {
    if (stopped_ || failure_) return;
    if (++tokens_ > limits_.max_tokens) {
        return refuse(FailureKind::bad_response, fmt::format("the answer has more than {} tokens", limits_.max_tokens));
    }
    if (phase == Phase::reasoning) ++reasoning_tokens_;
    if (sink_ == nullptr) return;
    if (&token == &token_) {
        token_.phase = phase;
        stopped_ = sink_->on_token(token_) == Flow::stop;
    } else {
        auto placed = token;
        placed.phase = phase;
        stopped_ = sink_->on_token(placed) == Flow::stop;
    }
}

// A chunk with the end of the reasoning and the beginning of the answer.
void OpenAiStream::give_mixed() {
    if (whole_document_ || !separated_ || !delta_is_mixed()) return;
    give_divided(std::exchange(held_, {}), delta_.reasoning, delta_.content, 0);
}

// A document's entries cover reasoning and answer alike, with or without the tags that stood between them.
void OpenAiStream::give_document_tokens() {
    auto tokens = std::exchange(held_, {});
    if (tokens.empty()) return;
    const auto rest = think_text_.finish();
    give_divided(std::move(tokens), answer_.reasoning + rest.reasoning, answer_.text + rest.answer,
                 reported_.reasoning);
    show(rest);
}

void OpenAiStream::give_divided(std::vector<Token> tokens, std::string_view reasoning, std::string_view answer,
                                std::int64_t reasoning_count) {
    std::string bytes;
    for (const auto& token : tokens)
        bytes += token.bytes;
    const auto begins = reasoning_is_listed_ ? std::optional<std::size_t>(0) : answer_begins(bytes, reasoning, answer);
    const bool counted = reasoning_count > 0 && std::cmp_less(reasoning_count, tokens.size());
    std::size_t at = 0;
    std::int64_t number = 0;
    for (auto& token : tokens) {
        const bool reasons = begins ? at < *begins : counted && number < reasoning_count;
        at += token.bytes.size();
        ++number;
        // Whose part can't be told is no evidence for either.
        if (!begins && !counted) {
            token.candidates.clear();
            token.logprob = std::numeric_limits<double>::quiet_NaN();
        }
        give(token, reasons ? Phase::reasoning : Phase::answer);
    }
}

}  // namespace enough
