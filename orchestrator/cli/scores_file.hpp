#pragma once

#include <enough/policies/calibration.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace enough::cli {

/// Reads labelled scores, JSON lines: `{"entropy": 0.41, "correct": true}` with optional `id`, `step` (from 1),
/// `tokens` and `truncated`; `score` stands for `entropy` with other signals. Lines of one `id` are one chain. Throws
/// `std::invalid_argument` that lists every bad line (at most 20).
std::vector<ObservedChain> read_scores(const std::filesystem::path& file, const std::string& signal);

}  // namespace enough::cli
