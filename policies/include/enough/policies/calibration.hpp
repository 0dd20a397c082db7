#pragma once

#include <enough/policies/bootstrap.hpp>
#include <enough/policies/fitted_signal.hpp>
#include <enough/policies/interval.hpp>
#include <enough/policies/predicted_stop.hpp>
#include <enough/policies/risk_control.hpp>
#include <enough/policies/signal.hpp>
#include <enough/policies/statistics.hpp>
#include <enough/policies/thresholds.hpp>

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace enough {

/// How a threshold is found. The first four are the paper's and promise nothing about accuracy; the others bound a
/// loss.
enum class Method { mean, information, bayes, universal, crc, bound, hoeffding, ltt };
inline constexpr std::array all_methods{Method::mean, Method::information, Method::bayes,     Method::universal,
                                        Method::crc,  Method::bound,       Method::hoeffding, Method::ltt};
std::string_view name(Method method);
std::optional<Method> method_named(std::string_view name);
/// Does it bound a loss?
bool controls_risk(Method method);

/// What a risk-controlled threshold keeps small.
enum class Loss {
    regret,  ///< accepted, wrong, and the full chain would have been right
    wrong,   ///< accepted and wrong
};
std::string_view name(Loss loss);
std::optional<Loss> loss_named(std::string_view name);

/// What a calibration holds for. Thresholds mean nothing under other conditions.
struct CalibrationKey {
    std::string model;  ///< as the workflow names it to the server, or the file's name; empty: unknown
    std::string provider;
    std::string served_model;  ///< the id the server answered with; empty: unknown
    std::string fingerprint;   ///< of the server's build or the model file; empty: unknown
    std::string signal = "entropy.mean";
    std::string scope = "all";
    int top_k = 20;
    std::optional<double> temperature;
    std::string prompt_hash;  ///< SHA-256 (hex) of system prompt, question template and refinement prompt

    /// Everything else that changes scores or labels: `max_tokens`, `top_p`, `answer`, `window`, … as JSON text.
    std::map<std::string, std::string> settings;

    bool operator==(const CalibrationKey&) const = default;
};

/// What differs, in words (`top_k is 20, calibrated with 10`), empty if nothing does. What is only known when a server
/// answers (`served_model`, `fingerprint`) is compared by the gate, then.
std::vector<std::string> differences(const CalibrationKey& now, const CalibrationKey& calibrated);

/// One answer of a labelled chain, as it was recorded.
struct ObservedStep {
    std::optional<double> score;  ///< the calibrated signal in its own units; absent: evidence missing or corrupt
    std::int64_t input_tokens = 0;
    std::int64_t output_tokens = 0;
    bool correct = false;
    bool truncated = false;
    bool acceptable = true;        ///< false: truncated, filtered or without the wanted value; no gate accepts it
    double coverage = 1;           ///< share of the tokens with evidence
    std::vector<double> running;   ///< entropy.mean over the first 16, 32, 64 … tokens with evidence
    std::vector<double> features;  ///< for the fitted signal, in the order of `feature_names`; empty: not known

    bool operator==(const ObservedStep&) const = default;
};

/// A question's chain of refinements, all steps of it.
struct ObservedChain {
    std::string id;  ///< as JSON text
    std::vector<ObservedStep> steps;

    bool operator==(const ObservedChain&) const = default;
};

enum class CalibrationVerdict { usable, weak, refused };
std::string_view name(CalibrationVerdict verdict);
std::optional<CalibrationVerdict> calibration_verdict_named(std::string_view name);

/// A number with its 95 % interval, where there is one.
struct Estimate {
    double value = 0;
    std::optional<Interval> interval;
    bool operator==(const Estimate&) const = default;
};

/// A threshold of one method, and what it would have done on the recorded chains. In the signal's own units.
struct CalibratedThreshold {
    std::optional<double> value;  ///< absent: never accept; `reason` says why
    std::string reason;
    std::optional<Interval> interval;  ///< bootstrap
    double accepts_correct = 0;        ///< share of the correct items that pass it
    double accepts_incorrect = 0;
    std::optional<Interval> accepts_correct_interval;
    std::optional<Interval> accepts_incorrect_interval;
    double savings = 0;        ///< share of the chains' output tokens from this step on
    Estimate accuracy_change;  ///< against running the chain to its end; paired bootstrap
    std::size_t accepted = 0;  ///< items
    std::size_t lost = 0;      ///< of them with the loss; of methods that control one

    std::optional<BayesKind> bayes_kind;
    std::optional<std::size_t> min_accepted;  ///< of `ltt`

    std::optional<StopBoundary> boundary;  ///< for `stop_early: predicted`
    BoundaryOutcome boundary_outcome;
};

/// The thresholds on one signal of one step.
using MethodThresholds = std::map<Method, CalibratedThreshold>;

/// P(correct) from several signals, beside the plain signal on the same items. Both are held out: no score has seen its
/// own label. It has a verdict of its own: several signals may tell what one does not.
struct FittedCalibration {
    CalibrationVerdict verdict = CalibrationVerdict::refused;
    std::vector<std::string> reasons;
    LogisticModel model;
    std::size_t folds = 5;
    Estimate auroc;                               ///< of the held-out scores
    Estimate signal_auroc;                        ///< of the plain signal on the same items
    bool better = false;                          ///< the first is larger; else a gate may not use it
    MethodThresholds thresholds;                  ///< empty where a gate may not use it
    std::optional<CalibratedThreshold> escalate;  ///< as a step's

    bool usable() const { return better && verdict != CalibrationVerdict::refused; }
};

/// What people want to know of a step's scores; absent values could not be computed.
struct ScoreStatistics {
    Moments correct;
    Moments incorrect;
    std::optional<EffectSize> effect;
    std::optional<WelchTest> welch;
    std::optional<double> mann_whitney_p;
    std::optional<Estimate> auroc;
    std::optional<Estimate> length_auroc;    ///< of the answer's length alone
    std::optional<Estimate> residual_auroc;  ///< of the score with length regressed out
};

struct StepCalibration {
    int step = 1;
    CalibrationVerdict verdict = CalibrationVerdict::refused;
    std::vector<std::string> reasons;
    ScoreStatistics statistics;
    std::size_t truncated = 0;
    std::size_t missing = 0;  ///< items without a score at this step
    double coverage = 0;      ///< mean over the items
    MethodThresholds thresholds;
    std::optional<CalibratedThreshold>
        escalate;  ///< above it refining does not pay for itself; absent on the last step
    std::optional<FittedCalibration> fitted;
};

struct CalibrationSettings {
    RiskTarget target;
    Loss loss = Loss::regret;
    Priors priors = Priors::class_frequency;
    bool allow_weak = false;      ///< go on, as `weak`, where the AUROC interval contains 1/2
    BootstrapSettings bootstrap;  ///< 0 replicates: no intervals
    std::size_t folds = 5;
    double stop_delta = 0.02;  ///< share of verdicts that `stop_early: predicted` may get wrong
    double next_gain = 0;      ///< accuracy that the next rung gains per output token; what refining must beat
};

struct Calibration {
    static constexpr int current_version = 1;
    CalibrationKey key;
    std::string created;  ///< RFC 3339, UTC
    CalibrationSettings settings;
    std::vector<StepCalibration> steps;
    std::vector<ObservedChain> items;
    std::string document;  ///< of one that was read: the file's JSON without its items, for people; else empty

    /// The calibration of a step (from 1); null if there is none.
    const StepCalibration* step(int number) const;
};

/// The features of the fitted signal, in order.
const std::vector<std::string>& feature_names();

/// Fits each step of the chains on its own scores. Pure: the same chains, settings and key give the same result.
/// `created` is left empty. Throws `std::invalid_argument` for chains of different lengths, or none.
///
/// A step is `refused` (all thresholds absent) when a class has fewer than 2 items, there is no spread, correct items
/// score as unsure as incorrect ones or worse, or the AUROC interval contains 1/2 (unless `allow_weak`); `weak` below
/// 50 items or 20 a class, or where the AUROC interval says nothing. The fitted signal is judged likewise, by its own
/// scores, also where the plain signal is refused.
Calibration calibrate(std::vector<ObservedChain> chains, CalibrationKey key, const CalibrationSettings& settings);

}  // namespace enough
