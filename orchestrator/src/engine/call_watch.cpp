#include "engine/call_watch.hpp"

#include <enough/orchestrator/budget.hpp>

#include <algorithm>

namespace enough {

CallWatch::CallWatch(const Ask& ask, const std::vector<EventSink*>& listeners)
    : call_(ask.call),
      settings_(ask.evidence),
      stop_early_(ask.stop_early),
      listeners_(listeners),
      input_tokens_(estimated_input_tokens(ask.messages, ask.tools)) {
    if (settings_) evidence_.emplace(*settings_);
}

Flow CallWatch::on_token(const Token& token) {
    ++tokens_;
    for (EventSink* listener : listeners_)
        listener->on_token(call_, token);
    if (!evidence_) return Flow::go_on;
    evidence_->add(token);
    return stop_early_ && settled(*stop_early_, *evidence_) ? Flow::stop : Flow::go_on;
}

void CallWatch::on_text(Phase phase, std::string_view text) {
    ++texts_;
    CallDelta delta{.call = call_, .phase = phase, .text = text, .tokens = std::max(tokens_, texts_)};
    if (evidence_ && evidence_->evidence_tokens() > 0)
        delta.entropy_mean = evidence_->entropy_sum() / static_cast<double>(evidence_->evidence_tokens());
    tell(delta);
}

void CallWatch::on_restart() {
    lost_ += std::max(tokens_, texts_);
    tokens_ = texts_ = 0;
    if (settings_) evidence_.emplace(*settings_);
    tell({.call = call_, .restart = true});
}

std::optional<EvidenceSummary> CallWatch::evidence() const {
    return evidence_ ? std::optional(evidence_->summary()) : std::nullopt;
}

Usage CallWatch::spent_so_far() const {
    return {.input_tokens = input_tokens_, .output_tokens = lost_ + std::max(tokens_, texts_), .estimated = true};
}

void CallWatch::tell(CallDelta delta) const {
    for (EventSink* listener : listeners_)
        listener->on_delta(delta);
}

}  // namespace enough
