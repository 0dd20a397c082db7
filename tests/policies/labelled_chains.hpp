#pragma once

#include <enough/policies/calibration.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace enough::test {

/// An answer that a gate could accept, of 100 input tokens.
ObservedStep observed(double score, bool correct, std::int64_t output_tokens = 100);
ObservedChain chain_of(const std::string& id, std::vector<ObservedStep> steps);

/// Chains of one step. Scores are spread evenly: right ones over 0.4 to 1.2, wrong ones over `from` to `from` + 0.8.
std::vector<ObservedChain> overlapping(std::size_t correct, std::size_t incorrect, double from = 0.8);

/// Chains of one step with these scores.
std::vector<ObservedChain> one_step(const std::vector<double>& correct, const std::vector<double>& incorrect);

/// Six chains of two steps, 100 and 50 output tokens each, that a gate at 0.3 to 0.6 wins and loses on:
/// scores 0.1 … 0.6; first answers right right wrong wrong right wrong; second ones right right right wrong wrong
/// right.
std::vector<ObservedChain> six_chains();

/// No bootstrap.
CalibrationSettings without_intervals();
/// The same, going on where nothing is shown.
CalibrationSettings allowing_weak();

CalibrationKey key_of(const std::string& signal = "entropy.mean");
StepCalibration first_step(const std::vector<ObservedChain>& chains, const CalibrationSettings& settings,
                           const std::string& signal = "entropy.mean");

/// All reasons, one a line.
std::string reasons_of(const StepCalibration& step);

}  // namespace enough::test
