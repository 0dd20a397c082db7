#pragma once

#include <enough/policies/calibration.hpp>

#include <nlohmann/json_fwd.hpp>

#include <string_view>

namespace enough {

/// The calibration file: docs/calibration.md has its fields.
nlohmann::ordered_json to_json(const Calibration& calibration);

/// One recorded chain, as in the file's `items`, and back. `signal` names what `score` is.
nlohmann::ordered_json to_json(const ObservedChain& chain, std::string_view signal);
ObservedChain chain_from_json(const nlohmann::json& json, std::string_view signal);

/// Reads what gates need: the key, verdicts, thresholds, models, boundaries and items. What only people read
/// (statistics, intervals) is not read back. Throws `std::invalid_argument` naming the field for anything that is not a
/// calibration of a known version; trusts no size or type.
Calibration calibration_from_json(const nlohmann::json& json);

}  // namespace enough
