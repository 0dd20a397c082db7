#include "providers/llama_cpp_reader.hpp"

#include "providers/json_parts.hpp"

#include <fmt/format.h>

#include <utility>

namespace enough {

namespace {

using Json = nlohmann::json;

FinishReason finish_reason(const Json& event) {
    const auto type = text_at(event, "stop_type");
    if (type == "limit" || true_at(event, "truncated")) return FinishReason::length;
    return type == "eos" || type == "word" ? FinishReason::stop : FinishReason::other;
}

}  // namespace

LlamaCppReader::LlamaCppReader(AnswerSink* sink, ServerText server_text, bool thinking, DraftLimits limits)
    : DocumentReader(sink, std::move(server_text), limits) {
    if (!thinking) return;
    think_text_.feed("<think>");
    think_tokens_.feed("<think>");
}

DocumentReader::Then LlamaCppReader::read_event(const Json& event) {
    if (const auto* error = member(event, "error"); error != nullptr && !error->is_null()) {
        complain(text_at(*error, "message"), text_at(*error, "type"));
        return Then::more;
    }
    if (const auto content = text_at(event, "content"); !content.empty()) show(think_text_.feed(content));
    read_tokens(event);
    if (!true_at(event, "stop")) return Then::more;
    read_end(event);
    return Then::end;
}

void LlamaCppReader::read_document(const Json& answer) {
    read_event(answer);
}

void LlamaCppReader::show(const ThinkText::Split& split) {
    draft_.show(Phase::reasoning, split.reasoning);
    draft_.show(Phase::answer, split.answer);
}

// With `post_sampling_probs` entries have `prob` and `top_probs` in place of `logprob` and `top_logprobs`: what the
// samplers left of the distribution. That is no evidence of the model's; such a token comes without any.
void LlamaCppReader::read_tokens(const Json& event) {
    for (const auto& entry : array_at(event, "completion_probabilities")) {
        if (!entry.is_object() || draft_.halted()) continue;
        place_silent();
        auto token = token_of(entry);
        token.bytes.empty() ? void(silent_ = std::move(token)) : place(std::move(token));
    }
}

void LlamaCppReader::place_silent() {
    if (auto token = std::exchange(silent_, std::nullopt)) place(std::move(*token));
}

void LlamaCppReader::place(Token token) {
    const auto phase = think_tokens_.feed(token.bytes);
    held_.push_back(std::move(token));
    if (phase) give_held(*phase);
}

void LlamaCppReader::give_held(Phase phase) {
    for (auto& token : std::exchange(held_, {}))
        draft_.give(std::move(token), phase);
}

void LlamaCppReader::flush() {
    show(think_text_.finish());
    give_held(Phase::answer);
}

// The token that ends the answer has an entry too, but is no evidence of it: chat completions have none for it either.
// `tokens_cached` counts all that is in the slot's cache, the answer included; what was not read again stands in
// `timings`.
void LlamaCppReader::read_end(const Json& event) {
    if (text_at(event, "stop_type") == "eos") silent_.reset();
    place_silent();
    ReportedUsage usage;
    usage.input = count_at(event, "tokens_evaluated");
    usage.cached = count_at(object_at(event, "timings"), "cache_n");
    usage.output = count_at(event, "tokens_predicted");
    draft_.report(usage);
    draft_.name_model(text_at(event, "model"));
    draft_.conclude(finish_reason(event));
}

}  // namespace enough
