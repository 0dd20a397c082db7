#pragma once

#include <nlohmann/json.hpp>

#include <string_view>

namespace enough {

/// How deep values from outside may be nested: copying, comparing and printing them takes stack for every level.
inline constexpr int deepest_json = 100;

/// The value of a JSON text; discarded if it is none, or nested more than `deepest` levels.
inline nlohmann::json parse_shallow(std::string_view text, int deepest = deepest_json) {
    bool too_deep = false;
    const auto watch = [&](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
        too_deep = too_deep || depth > deepest;
        return !too_deep;
    };
    auto value = nlohmann::json::parse(text, watch, false);
    return too_deep ? nlohmann::json(nlohmann::json::value_t::discarded) : value;
}

}  // namespace enough
