#include <enough/policies/signal.hpp>

#include "names.hpp"

#include <array>
#include <utility>

namespace enough {

namespace {

constexpr std::array<std::pair<Signal, std::string_view>, 13> signal_names{{
    {Signal::entropy_mean, "entropy.mean"},
    {Signal::entropy_max, "entropy.max"},
    {Signal::entropy_tail, "entropy.tail"},
    {Signal::confidence_mean, "confidence.mean"},
    {Signal::confidence_tail, "confidence.tail"},
    {Signal::confidence_lowest_group, "confidence.lowest_group"},
    {Signal::confidence_bottom10, "confidence.bottom10"},
    {Signal::logprob_mean, "logprob.mean"},
    {Signal::fitted, "fitted"},
    {Signal::agreement, "agreement"},
    {Signal::agreement_share, "agreement.share"},
    {Signal::verbalized, "verbalized"},
    {Signal::judge, "judge"},
}};

constexpr std::array<std::pair<Scope, std::string_view>, 3> scope_names{{
    {Scope::all, "all"},
    {Scope::reasoning, "reasoning"},
    {Scope::answer, "answer"},
}};

}  // namespace

std::string_view name(Signal signal) {
    return name_of(signal_names, signal);
}

std::optional<Signal> signal_named(std::string_view name) {
    return value_named(signal_names, name);
}

bool needs_logprobs(Signal signal) {
    switch (signal) {
        case Signal::entropy_mean:
        case Signal::entropy_max:
        case Signal::entropy_tail:
        case Signal::confidence_mean:
        case Signal::confidence_tail:
        case Signal::confidence_lowest_group:
        case Signal::confidence_bottom10:
        case Signal::logprob_mean:
        case Signal::fitted:
            return true;
        case Signal::agreement:
        case Signal::agreement_share:
        case Signal::verbalized:
        case Signal::judge:
            return false;
    }
    return true;
}

bool is_probability(Signal signal) {
    return signal == Signal::fitted || !needs_logprobs(signal);
}

Direction direction(Signal signal) {
    switch (signal) {
        case Signal::entropy_mean:
        case Signal::entropy_max:
        case Signal::entropy_tail:
            return Direction::lower_is_surer;
        case Signal::confidence_mean:
        case Signal::confidence_tail:
        case Signal::confidence_lowest_group:
        case Signal::confidence_bottom10:
        case Signal::logprob_mean:
        case Signal::fitted:
        case Signal::agreement:
        case Signal::agreement_share:
        case Signal::verbalized:
        case Signal::judge:
            return Direction::higher_is_surer;
    }
    return Direction::lower_is_surer;
}

double unsureness(Signal signal, double value) {
    if (is_probability(signal)) return 1 - value;
    return direction(signal) == Direction::lower_is_surer ? value : -value;
}

bool at_least_as_sure(Signal signal, double value, double threshold) {
    return direction(signal) == Direction::lower_is_surer ? value <= threshold : value >= threshold;
}

std::string_view name(Scope scope) {
    return name_of(scope_names, scope);
}

std::optional<Scope> scope_named(std::string_view name) {
    return value_named(scope_names, name);
}

}  // namespace enough
