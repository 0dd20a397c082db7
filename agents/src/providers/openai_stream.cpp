#include "providers/openai_stream.hpp"

#include "failure_kind.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace enough {

void OpenAiStream::Delta::clear() {
    content.clear();
    reasoning.clear();
    refusal.clear();
}

OpenAiStream::OpenAiStream(AnswerSink* sink, OpenAiStreamLimits limits, ServerText server_text)
    : sink_(sink), limits_(limits), server_text_(std::move(server_text)) {}

Result<AnswerReader::Progress> OpenAiStream::event(const std::string& data) {
    ++events_;
    if (data == "[DONE]") {
        flush();
        return stopped_ ? Progress::stopped : Progress::done;
    }
    return parse(data);
}

Result<AnswerReader::Progress> OpenAiStream::document(const std::string& body) {
    whole_document_ = true;
    auto progress = parse(body);
    if (!progress) return progress;
    give_document_tokens();
    flush();
    return stopped_ ? Progress::stopped : Progress::done;
}

Result<AnswerReader::Progress> OpenAiStream::parse(const std::string& text) {
    JsonReader reader(text);
    reader_ = &reader;
    advanced_ = false;
    const bool object = reader.peek() == JsonReader::Kind::object;
    if (object) read_root();
    const bool well_formed = reader.at_end();
    const bool broken = !object || (!stopped_ && !failure_ && !well_formed);
    reader_ = nullptr;
    if (failure_) return *failure_;
    if (broken) {
        const auto what = whole_document_ ? std::string("the answer") : fmt::format("event {} of the stream", events_);
        return make_failure(FailureKind::bad_response, what + " is not a JSON object");
    }
    if (complaint_) return stream_failure(server_text_.excerpt(complaint_->message), complaint_->code);
    if (stopped_) return Progress::stopped;
    return advanced_ ? Progress::advanced : Progress::none;
}

void OpenAiStream::take_delta() {
    if (!delta_.reasoning.empty()) {
        if (!separated_) {
            separated_ = true;
            show(think_text_.disable());
            if (!whole_document_) give_held(Phase::reasoning);
        }
        phase_ = Phase::reasoning;
        show(Phase::reasoning, delta_.reasoning);
    }
    if (!delta_.content.empty()) {
        phase_ = Phase::answer;
        separated_ ? show(Phase::answer, delta_.content) : show(think_text_.feed(delta_.content));
    }
    if (!delta_.refusal.empty()) {
        refused_ = true;
        show(Phase::answer, delta_.refusal);
    }
    if (!delta_.content.empty() || !delta_.reasoning.empty() || !delta_.refusal.empty()) {
        advanced_ = true;
        ++text_events_;
    }
}

void OpenAiStream::show(const ThinkText::Split& split) {
    show(Phase::reasoning, split.reasoning);
    show(Phase::answer, split.answer);
}

void OpenAiStream::show(Phase phase, std::string_view text) {
    if (text.empty()) return;
    if (answer_.text.size() + answer_.reasoning.size() + text.size() > limits_.max_text_bytes) {
        return refuse(FailureKind::bad_response,
                      fmt::format("the answer is longer than {} bytes", limits_.max_text_bytes));
    }
    (phase == Phase::answer ? answer_.text : answer_.reasoning) += text;
    if (sink_ != nullptr) sink_->on_text(phase, text);
}

void OpenAiStream::take_finish_reason(std::string_view reason) {
    if (reason == "stop" || reason == "eos" || reason == "end_turn" || reason == "stop_sequence") {
        finish_reason_ = FinishReason::stop;
    } else if (reason == "length" || reason == "max_tokens" || reason == "model_length") {
        finish_reason_ = FinishReason::length;
    } else if (reason == "content_filter") {
        finish_reason_ = FinishReason::filter;
    } else if (reason == "tool_calls" || reason == "function_call") {
        finish_reason_ = FinishReason::tool_calls;
    } else {
        finish_reason_ = FinishReason::other;
    }
}

// What was held back because it might have become a tag.
void OpenAiStream::flush() {
    show(think_text_.finish());
    give_held(Phase::answer);
}

void OpenAiStream::refuse(FailureKind kind, std::string message) {
    if (!failure_) failure_ = make_failure(kind, std::move(message));
}

Usage OpenAiStream::spent(std::int64_t input_estimate) const {
    const auto seen = std::max(tokens_ + static_cast<std::int64_t>(held_.size()), text_events_);
    Usage usage;
    usage.estimated = reported_.input < 0 || reported_.output < 0;
    usage.input_tokens = reported_.input < 0 ? input_estimate : reported_.input;
    usage.cached_input_tokens = std::clamp<std::int64_t>(reported_.cached, 0, usage.input_tokens);
    usage.output_tokens = reported_.output < 0 ? seen : reported_.output;
    const auto reasoning = reported_.reasoning < 0 ? reasoning_tokens_ : reported_.reasoning;
    usage.reasoning_tokens = std::min(reasoning, usage.output_tokens);
    return usage;
}

Answer OpenAiStream::take_answer(FinishReason reason, std::int64_t input_estimate) {
    answer_.usage = spent(input_estimate);
    if (reported_.output >= 0) answer_.reported_output_tokens = reported_.output;
    answer_.finish_reason = reason;
    return std::move(answer_);
}

Result<Answer> OpenAiStream::finish(std::int64_t input_estimate) {
    if (!finish_reason_) {
        auto failure = make_failure(
            FailureKind::stream_cut,
            fmt::format("the stream ended after {} events before the server said that the answer is complete",
                        events_));
        failure.spent = spent(input_estimate);
        return failure;
    }
    flush();
    if (failure_) return *failure_;
    if (stopped_) return stopped_early(input_estimate);
    answer_.tool_calls = tool_calls_.take();
    const auto said = refused_ ? FinishReason::filter : *finish_reason_;
    const auto reason = settle_tool_calls(said, answer_.tool_calls);
    return take_answer(reason, input_estimate);
}

Answer OpenAiStream::stopped_early(std::int64_t input_estimate) {
    const auto seen = std::max(tokens_, text_events_);
    auto answer = take_answer(FinishReason::stopped_early, input_estimate);
    // A count of the server's own, should one have come, is of a moment before now.
    answer.usage.output_tokens = std::max(answer.usage.output_tokens, seen);
    answer.usage.estimated = true;
    answer.reported_output_tokens.reset();
    return answer;
}

}  // namespace enough
