#pragma once

#include <enough/orchestrator/evaluation_report.hpp>
#include <enough/policies/calibration.hpp>
#include <enough/policies/chain_ledger.hpp>
#include <enough/policies/reliability.hpp>

#include <map>
#include <optional>
#include <vector>

namespace enough {

/// The thresholds of a method, each fitted without the items of its fold and used on them only: a comparison on
/// held-out items. In the signal's unsureness.
struct CrossFittedMethod {
    std::vector<std::optional<double>> taus;  ///< one a fold
    ChainLedger ledger;                       ///< all items, each with the threshold of its fold; the paper's rule
    std::string reason;                       ///< if no fold has a threshold
};

/// Chains with an unsureness at step 1 that may be another than the recorded one (another number of candidates).
struct ScoredChains {
    std::vector<ObservedChain> chains;
    Signal signal = Signal::entropy_mean;

    std::optional<double> unsureness_at(std::size_t chain) const;  ///< absent: no gate accepts its first answer
};

std::vector<std::size_t> folds_of(std::size_t items, std::size_t folds, std::uint64_t seed);

std::map<Method, CrossFittedMethod> cross_fit_methods(const ScoredChains& scored, const ReportSettings& settings);

/// P(correct) of each first answer with a score, by an isotonic fit on the other folds.
std::vector<Forecast> cross_fit_forecasts(const ScoredChains& scored, const ReportSettings& settings);

}  // namespace enough
