#pragma once

#include <nlohmann/json.hpp>

#include <string_view>

namespace enough {

/// How deep values from outside may be nested: copying, comparing and printing them takes stack for every level.
inline constexpr int deepest_json = 100;

/// The value of a JSON text; discarded if it is none, or nested more than `deepest` levels.
template <class Json = nlohmann::json>
Json parse_shallow(std::string_view text, int deepest = deepest_json) {
    bool too_deep = false;
    const auto watch = [&](int depth, typename Json::parse_event_t, Json&) {
        too_deep = too_deep || depth > deepest;
        return !too_deep;
    };
    Json value = Json::parse(text, watch, false);
    return too_deep ? Json(Json::value_t::discarded) : value;
}

}  // namespace enough
