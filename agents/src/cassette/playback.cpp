#include "cassette/playback.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>

namespace enough {
namespace {

// What is not finite is no probability: it goes first when candidates must go.
bool likelier(const Candidate& a, const Candidate& b) {
    const auto rank = [](double logprob) {
        return std::isfinite(logprob) ? logprob : -std::numeric_limits<double>::infinity();
    };
    return rank(a.logprob) > rank(b.logprob);
}

Token with_candidates(const Token& recorded, std::size_t k) {
    Token token = recorded;
    std::stable_sort(token.candidates.begin(), token.candidates.end(), likelier);
    token.candidates.resize(std::min(token.candidates.size(), k));
    return token;
}

class Playback {
public:
    Playback(const RecordedCall& call, const Request& request) : call_(call), sink_(request.sink) {
        // A server may send more than it was asked for; that is cut only if less is wanted now.
        if (request.top_logprobs < call.top_logprobs)
            most_candidates_ = static_cast<std::size_t>(std::max(request.top_logprobs, 0));
    }

    Result<Answer> play() {
        for (; at_ < call_.stream.size() && flow_ == Flow::go_on; ++at_)
            std::visit([this](const auto& what) { give(what); }, call_.stream[at_]);
        if (flow_ == Flow::stop) give_text_of_last_token();
        if (flow_ == Flow::stop && !was_cut_here()) return cut();
        auto outcome = call_.outcome;
        if (outcome && most_candidates_ == 0U) outcome->logprobs_refused = false;  // none were asked for
        return outcome;
    }

private:
    void give(const Token& token) {
        if (attempt_is_new_) tokens_come_first_ = true;
        attempt_is_new_ = false;
        ++seen_.output_tokens;
        if (token.phase == Phase::reasoning) ++seen_.reasoning_tokens;
        if (sink_ == nullptr || most_candidates_ == 0U) return;  // without evidence, providers show text alone
        flow_ = most_candidates_ ? sink_->on_token(with_candidates(token, *most_candidates_)) : sink_->on_token(token);
    }

    void give(const ShownText& shown) {
        attempt_is_new_ = false;
        (shown.phase == Phase::answer ? text_ : reasoning_) += shown.text;
        if (sink_ != nullptr) sink_->on_text(shown.phase, shown.text);
    }

    void give(Restart) {
        attempt_is_new_ = true;
        tokens_come_first_ = false;
        text_.clear();
        reasoning_.clear();
        if (sink_ != nullptr) sink_->on_restart();
    }

    // Whether the recorded call was itself stopped by its sink, at this token.
    bool was_cut_here() const {
        if (!call_.outcome || call_.outcome->finish_reason != FinishReason::stopped_early) return false;
        return std::none_of(call_.stream.begin() + static_cast<std::ptrdiff_t>(at_), call_.stream.end(),
                            [](const StreamEvent& event) { return std::holds_alternative<Token>(event); });
    }

    Answer cut() {
        Answer answer;
        if (call_.outcome) {
            answer = *call_.outcome;
            seen_.input_tokens = answer.usage.input_tokens;
            seen_.cached_input_tokens = answer.usage.cached_input_tokens;
        } else {
            seen_.input_tokens = call_.outcome.error().spent.input_tokens;
            seen_.cached_input_tokens = call_.outcome.error().spent.cached_input_tokens;
        }
        seen_.estimated = true;
        answer.text = text_;
        answer.reasoning = reasoning_;
        answer.tool_calls.clear();
        answer.finish_reason = FinishReason::stopped_early;
        answer.usage = seen_;
        answer.reported_output_tokens.reset();
        return answer;
    }

    // Some providers show a token's text after the token, some before it.
    void give_text_of_last_token() {
        for (; tokens_come_first_ && at_ < call_.stream.size(); ++at_) {
            const auto* shown = std::get_if<ShownText>(&call_.stream[at_]);
            if (shown == nullptr) return;
            give(*shown);
        }
    }

    const RecordedCall& call_;
    AnswerSink* sink_;
    std::optional<std::size_t> most_candidates_;
    std::size_t at_ = 0;
    Flow flow_ = Flow::go_on;
    bool attempt_is_new_ = true;
    bool tokens_come_first_ = false;
    std::string text_;
    std::string reasoning_;
    Usage seen_;
};

}  // namespace

Result<Answer> play(const RecordedCall& call, const Request& request) {
    return Playback(call, request).play();
}

}  // namespace enough
