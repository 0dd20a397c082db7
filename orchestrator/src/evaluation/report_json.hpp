#pragma once

#include <enough/policies/calibration.hpp>
#include <enough/policies/interval.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <optional>

namespace enough {

inline nlohmann::ordered_json json_or_null(const std::optional<double>& value) {
    return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
}

inline nlohmann::ordered_json json_of(const Estimate& estimate) {
    nlohmann::ordered_json json{{"value", estimate.value}, {"low", nullptr}, {"high", nullptr}};
    if (!estimate.interval) return json;
    json["low"] = estimate.interval->low;
    json["high"] = estimate.interval->high;
    return json;
}

inline nlohmann::ordered_json json_of(const std::optional<Estimate>& estimate) {
    return estimate ? json_of(*estimate) : nlohmann::ordered_json(nullptr);
}

/// A share with its exact interval (Clopper and Pearson).
nlohmann::ordered_json json_of_share(std::size_t right, std::size_t n);

}  // namespace enough
