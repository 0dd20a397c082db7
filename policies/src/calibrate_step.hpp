#pragma once

#include <enough/policies/calibration.hpp>

#include <cstddef>
#include <span>

namespace enough {

/// Fits one step (from 0) of the chains.
StepCalibration calibrate_step(std::span<const ObservedChain> chains, std::size_t step, Signal signal,
                               const CalibrationSettings& settings);

}  // namespace enough
