#pragma once

#include <enough/policies/calibration.hpp>

namespace enough::cli {

/// Shows a calibration to people, on standard output: for each step what the signal is worth, and what each threshold
/// would have done.
void print_calibration(const Calibration& calibration);

}  // namespace enough::cli
