#include "settling.hpp"

#include "logprob_limits.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace enough {

namespace {

// A list of candidates that are all as unlikely as can be counts as this sure; no token is surer.
constexpr double most_confidence = -least_logprob;

std::optional<Signal> provable_mean(Signal mean, std::int64_t max_tokens, std::size_t length) {
    return std::cmp_less_equal(max_tokens, std::max<std::size_t>(length, 1)) ? std::optional(mean) : std::nullopt;
}

/// Are there so few windows that the lowest tenth is one of them?
bool one_of_the_windows(const SignalSettings& settings, std::int64_t max_tokens) {
    const auto windows = static_cast<double>(max_tokens) - static_cast<double>(settings.window) + 1;
    return std::floor(windows * settings.bottom_fraction) <= 1;
}

/// The mean if every token up to `max_tokens` came and was as sure as a token can be.
std::optional<double> surest_mean(double sum, std::size_t count, double surest, const SeenSoFar& seen,
                                  std::optional<std::int64_t> max_tokens) {
    // Beyond `max_tokens` the server does not keep the promise that the proof rests on.
    if (!max_tokens || *max_tokens <= 0 || std::cmp_greater(seen.tokens, *max_tokens)) return std::nullopt;
    const auto most = static_cast<double>(*max_tokens);
    return (sum + (most - static_cast<double>(count)) * surest) / most;
}

}  // namespace

std::optional<Signal> provable_as(Signal signal, const SignalSettings& settings,
                                  std::optional<std::int64_t> max_tokens) {
    const bool bounded = max_tokens && *max_tokens > 0;
    switch (signal) {
        case Signal::entropy_max:
            return signal;
        case Signal::entropy_mean:
        case Signal::confidence_mean:
        case Signal::logprob_mean:
            return bounded ? std::optional(signal) : std::nullopt;
        case Signal::entropy_tail:
            return bounded ? provable_mean(Signal::entropy_mean, *max_tokens, settings.tail) : std::nullopt;
        case Signal::confidence_tail:
            return bounded ? provable_mean(Signal::confidence_mean, *max_tokens, settings.tail) : std::nullopt;
        case Signal::confidence_lowest_group:
            if (!bounded) return signal;
            return provable_mean(Signal::confidence_mean, *max_tokens, settings.window).value_or(signal);
        case Signal::confidence_bottom10:
            if (!bounded || !one_of_the_windows(settings, *max_tokens)) return std::nullopt;
            return provable_as(Signal::confidence_lowest_group, settings, max_tokens);
        case Signal::fitted:
        case Signal::agreement:
        case Signal::agreement_share:
        case Signal::verbalized:
        case Signal::judge:
            return std::nullopt;
    }
    return std::nullopt;
}

SeenSoFar seen_so_far(const EvidenceSummary& evidence, const SignalSettings& settings) {
    const auto sum = [](std::optional<double> mean, std::size_t count) {
        return mean.value_or(0) * static_cast<double>(count);
    };
    SeenSoFar seen{evidence.tokens, evidence.evidence_tokens, evidence.logprob_tokens};
    seen.entropy_sum = sum(evidence.entropy_mean, evidence.evidence_tokens);
    seen.entropy_max = evidence.entropy_max.value_or(0);
    seen.confidence_sum = sum(evidence.confidence_mean, evidence.evidence_tokens);
    seen.logprob_sum = sum(evidence.logprob_mean, evidence.logprob_tokens);
    if (evidence.evidence_tokens >= std::max<std::size_t>(settings.window, 1))
        seen.lowest_group = evidence.confidence_lowest_group;
    return seen;
}

std::optional<double> surest_final_value(Signal proof, const SeenSoFar& seen, std::optional<std::int64_t> max_tokens) {
    switch (proof) {
        case Signal::entropy_max:
            return seen.entropy_max;
        case Signal::entropy_mean:
            return surest_mean(seen.entropy_sum, seen.evidence_tokens, 0, seen, max_tokens);
        case Signal::confidence_mean:
            return surest_mean(seen.confidence_sum, seen.evidence_tokens, most_confidence, seen, max_tokens);
        case Signal::logprob_mean:
            return surest_mean(seen.logprob_sum, seen.logprob_tokens, most_own_logprob, seen, max_tokens);
        case Signal::confidence_lowest_group:
            return seen.lowest_group;
        case Signal::entropy_tail:
        case Signal::confidence_tail:
        case Signal::confidence_bottom10:
        case Signal::fitted:
        case Signal::agreement:
        case Signal::agreement_share:
        case Signal::verbalized:
        case Signal::judge:
            return std::nullopt;
    }
    return std::nullopt;
}

}  // namespace enough
