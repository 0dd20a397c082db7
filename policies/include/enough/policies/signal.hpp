#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace enough {

/// A number made from the evidence of one answer.
enum class Signal {
    entropy_mean,             ///< bits: mean token entropy (arXiv 2510.08146, section 3)
    entropy_max,              ///< bits: the least certain token
    entropy_tail,             ///< bits: mean over the last `tail` tokens
    confidence_mean,          ///< nats: mean of DeepConf's token confidence, -mean logprob over the k candidates
    confidence_tail,          ///< nats: over the last `tail` tokens
    confidence_lowest_group,  ///< nats: the smallest mean of all windows of `window` tokens
    confidence_bottom10,      ///< nats: mean of the lowest tenth of the windows
    logprob_mean,             ///< nats: mean logprob of the sampled tokens
    fitted,                   ///< P(correct) by a model of several signals that a calibration fitted
    // Those that need no token probabilities:
    agreement,  ///< of a panel: Beta posterior that the leading answer leads (Adaptive-Consistency, arXiv 2305.11860)
    agreement_share,  ///< of a panel: share of its votes that the leading answer has
    verbalized,       ///< 0..1: a number that the agent states in its answer
    judge,            ///< 0..1: a number that another agent gives the answer
};

/// Is the signal made from token probabilities?
bool needs_logprobs(Signal signal);

/// Is it a number from 0 to 1 by what it is: `fitted` and all that need no token probabilities?
bool is_probability(Signal signal);

/// Those that the evidence alone gives.
inline constexpr std::array all_signals{Signal::entropy_mean,        Signal::entropy_max,
                                        Signal::entropy_tail,        Signal::confidence_mean,
                                        Signal::confidence_tail,     Signal::confidence_lowest_group,
                                        Signal::confidence_bottom10, Signal::logprob_mean};

/// The name used in workflows and reports, e.g. `entropy.mean`; and back.
std::string_view name(Signal signal);
std::optional<Signal> signal_named(std::string_view name);

/// Whether a low value means a sure model (entropies) or a high one (confidences, logprobs).
enum class Direction { lower_is_surer, higher_is_surer };
Direction direction(Signal signal);

/// The signal's value turned so that higher always means less sure (1 - value for those from 0 to 1). The same function
/// turns it back.
double unsureness(Signal signal, double value);

/// Is `value` at least as sure as `threshold`? Equality counts as sure.
bool at_least_as_sure(Signal signal, double value, double threshold);

/// Which tokens of an answer count.
enum class Scope { all, reasoning, answer };
std::string_view name(Scope scope);
std::optional<Scope> scope_named(std::string_view name);

/// How evidence becomes signals. Defaults are the contract's.
struct SignalSettings {
    int top_k = 20;             ///< candidates that count for each token, at least 2
    std::size_t tail = 2048;    ///< tokens of `*.tail`, at least 1
    std::size_t window = 2048;  ///< tokens of a group (DeepConf), at least 1
    double bottom_fraction = 0.1;
    Scope scope = Scope::all;

    bool operator==(const SignalSettings&) const = default;
};

}  // namespace enough
