#pragma once

#include <enough/agents/cassette.hpp>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace enough::test {

inline constexpr double nan = std::numeric_limits<double>::quiet_NaN();
inline constexpr double infinity = std::numeric_limits<double>::infinity();

/// To the last bit; all NaNs are one.
inline bool same(double a, double b) {
    if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
    return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

inline bool same(const std::optional<double>& a, const std::optional<double>& b) {
    return a.has_value() == b.has_value() && (!a || same(*a, *b));
}

inline bool same(const std::vector<Candidate>& a, const std::vector<Candidate>& b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
        if (a[i].bytes != b[i].bytes || !same(a[i].logprob, b[i].logprob)) return false;
    return true;
}

inline bool same(const StreamEvent& a, const StreamEvent& b) {
    const auto* token = std::get_if<Token>(&a);
    const auto* other = std::get_if<Token>(&b);
    if (token == nullptr || other == nullptr) return a == b;
    return token->bytes == other->bytes && same(token->logprob, other->logprob) && token->phase == other->phase &&
           same(token->candidates, other->candidates);
}

inline bool same(const std::vector<StreamEvent>& a, const std::vector<StreamEvent>& b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
        if (!same(a[i], b[i])) return false;
    return true;
}

inline bool same(const Answer& a, const Answer& b) {
    const bool first_tokens = a.first_token.has_value() == b.first_token.has_value() &&
                              (!a.first_token || same(a.first_token->count(), b.first_token->count()));
    return a.text == b.text && a.tool_calls == b.tool_calls && a.reasoning == b.reasoning &&
           a.finish_reason == b.finish_reason && a.usage == b.usage &&
           a.reported_output_tokens == b.reported_output_tokens && a.model == b.model &&
           a.fingerprint == b.fingerprint && a.logprobs_refused == b.logprobs_refused &&
           same(a.latency.count(), b.latency.count()) && first_tokens;
}

inline bool same(const Failure& a, const Failure& b) {
    return a.kind == b.kind && a.message == b.message && a.retryable == b.retryable && a.retry_after == b.retry_after &&
           a.spent == b.spent;
}

inline bool same(const Result<Answer>& a, const Result<Answer>& b) {
    if (a.has_value() != b.has_value()) return false;
    return a ? same(*a, *b) : same(a.error(), b.error());
}

inline bool same(const Sampling& a, const Sampling& b) {
    return same(a.temperature, b.temperature) && same(a.top_p, b.top_p) && a.seed == b.seed &&
           a.max_tokens == b.max_tokens && a.stop == b.stop;
}

inline bool same(const RecordedCall& a, const RecordedCall& b) {
    return a.model == b.model && a.messages == b.messages && same(a.sampling, b.sampling) &&
           a.top_logprobs == b.top_logprobs && a.tools == b.tools && a.tools_forbidden == b.tools_forbidden &&
           same(a.stream, b.stream) && same(a.outcome, b.outcome);
}

inline Token token(std::string bytes, double logprob, std::vector<Candidate> candidates = {},
                   Phase phase = Phase::answer) {
    Token out;
    out.bytes = std::move(bytes);
    out.logprob = logprob;
    out.phase = phase;
    out.candidates = std::move(candidates);
    return out;
}

inline ShownText shown(std::string text, Phase phase = Phase::answer) {
    return {phase, std::move(text)};
}

inline Request asking(const std::string& prompt, int top_logprobs = 20) {
    Request request;
    request.messages = {{Role::system, "You count."}, {Role::user, prompt}};
    request.sampling.temperature = 0.5;
    request.top_logprobs = top_logprobs;
    return request;
}

/// A call of that request without a stream, answered with that text.
inline RecordedCall answered(const std::string& model, const Request& request, const std::string& text) {
    RecordedCall call;
    call.model = model;
    call.messages = request.messages;
    call.sampling = request.sampling;
    call.top_logprobs = request.top_logprobs;
    call.outcome->text = text;
    return call;
}

/// Keeps all it is told in order; says stop at the token with that number, counted from 1 over all attempts.
class StreamSink final : public AnswerSink {
public:
    explicit StreamSink(std::optional<int> stop_at = std::nullopt) : stop_at_(stop_at) {}

    Flow on_token(const Token& token) override {
        stream.emplace_back(token);
        return ++tokens == stop_at_ ? Flow::stop : Flow::go_on;
    }
    void on_text(Phase phase, std::string_view text) override {
        stream.emplace_back(ShownText{phase, std::string(text)});
    }
    void on_restart() override { stream.emplace_back(Restart{}); }

    std::vector<StreamEvent> stream;
    int tokens = 0;

private:
    std::optional<int> stop_at_;
};

}  // namespace enough::test
