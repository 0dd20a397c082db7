#include "providers/answer_draft.hpp"

#include "failure_kind.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace enough {

namespace {

void take_over(std::optional<std::int64_t>& to, const std::optional<std::int64_t>& from) {
    if (from) to = from;
}

}  // namespace

void AnswerDraft::begin_event() {
    ++events_;
    advanced_ = false;
}

void AnswerDraft::show(Phase phase, std::string_view text) {
    if (halted() || text.empty()) return;
    if (answer_.text.size() + answer_.reasoning.size() + text.size() > limits_.max_text_bytes) {
        return fail(make_failure(FailureKind::bad_response,
                                 fmt::format("the answer is longer than {} bytes", limits_.max_text_bytes)));
    }
    if (!advanced_) ++events_with_text_;
    advanced_ = true;
    (phase == Phase::answer ? answer_.text : answer_.reasoning) += text;
    if (sink_ != nullptr) sink_->on_text(phase, text);
}

void AnswerDraft::give(Token token, Phase phase) {
    if (halted()) return;
    if (token.candidates.size() > limits_.max_candidates) {
        return fail(make_failure(FailureKind::bad_response,
                                 fmt::format("a token has more than {} candidates", limits_.max_candidates)));
    }
    if (++tokens_ > limits_.max_tokens) {
        return fail(make_failure(FailureKind::bad_response,
                                 fmt::format("the answer has more than {} tokens", limits_.max_tokens)));
    }
    advanced_ = true;
    if (phase == Phase::reasoning) ++reasoning_tokens_;
    if (sink_ == nullptr) return;
    token.phase = phase;
    stopped_ = sink_->on_token(token) == Flow::stop;
}

void AnswerDraft::add_call(OpenAiToolCalls::Piece piece) {
    if (halted()) return;
    call_bytes_ += piece.name.size() + piece.arguments.size();
    if (const auto excess = calls_.add(std::move(piece))) return fail(make_failure(FailureKind::bad_response, *excess));
    if (!advanced_) ++events_with_text_;
    advanced_ = true;
    if (sink_ != nullptr) sink_->on_progress();
}

void AnswerDraft::fail(Failure failure) {
    if (!failure_) failure_ = std::move(failure);
}

void AnswerDraft::report(const ReportedUsage& usage) {
    take_over(reported_.input, usage.input);
    take_over(reported_.cached, usage.cached);
    take_over(reported_.output, usage.output);
    take_over(reported_.reasoning, usage.reasoning);
}

void AnswerDraft::name_model(std::string_view model) {
    if (answer_.model.empty()) answer_.model = model;
}

void AnswerDraft::name_build(std::string_view fingerprint) {
    if (answer_.fingerprint.empty()) answer_.fingerprint = fingerprint;
}

Result<AnswerReader::Progress> AnswerDraft::progress(bool last) const {
    using Progress = AnswerReader::Progress;
    if (failure_) return *failure_;
    if (stopped_) return Progress::stopped;
    if (last) return Progress::done;
    return advanced_ ? Progress::advanced : Progress::none;
}

// Without evidence nobody counts the tokens of a piece of text; a quarter of its bytes is what estimates of prompts
// take as well.
std::int64_t AnswerDraft::seen() const {
    if (tokens_ > 0) return std::max(tokens_, events_with_text_);
    const auto bytes = answer_.text.size() + answer_.reasoning.size() + call_bytes_;
    return std::max(events_with_text_, static_cast<std::int64_t>((bytes + 3) / 4));
}

// Counts that came before the end are of a moment before now.
Usage AnswerDraft::spent(std::int64_t input_estimate) const {
    Usage usage;
    usage.estimated = !reported_.input || !reported_.output || !complete();
    usage.input_tokens = reported_.input.value_or(input_estimate);
    usage.cached_input_tokens = std::clamp<std::int64_t>(reported_.cached.value_or(0), 0, usage.input_tokens);
    usage.output_tokens = reported_.output.value_or(0);
    if (!reported_.output || !complete()) usage.output_tokens = std::max(usage.output_tokens, seen());
    usage.reasoning_tokens = std::min(reported_.reasoning.value_or(reasoning_tokens_), usage.output_tokens);
    return usage;
}

Answer AnswerDraft::take(FinishReason reason, std::int64_t input_estimate) {
    answer_.usage = spent(input_estimate);
    if (complete()) answer_.reported_output_tokens = reported_.output;
    answer_.finish_reason = reason;
    return std::exchange(answer_, Answer());
}

Result<Answer> AnswerDraft::finish(std::int64_t input_estimate) {
    if (failure_) {
        failure_->spent = spent(input_estimate);
        return *failure_;
    }
    if (stopped_) return stopped_early(input_estimate);
    if (!complete()) {
        auto failure = make_failure(
            FailureKind::stream_cut,
            fmt::format("the stream ended after {} events before the server said that the answer is complete",
                        events_));
        failure.spent = spent(input_estimate);
        return failure;
    }
    answer_.tool_calls = calls_.take();
    const auto said = withheld_ ? FinishReason::filter : *finish_reason_;
    const auto reason = settle_tool_calls(said, answer_.tool_calls);
    return take(reason, input_estimate);
}

Answer AnswerDraft::stopped_early(std::int64_t input_estimate) {
    const auto counted = seen();
    auto answer = take(FinishReason::stopped_early, input_estimate);
    answer.usage.output_tokens = std::max(answer.usage.output_tokens, counted);
    answer.usage.estimated = true;
    answer.reported_output_tokens.reset();
    return answer;
}

}  // namespace enough
