#pragma once

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace enough {

[[noreturn]] inline void refuse_value(std::string_view what, std::string_view expected) {
    throw std::invalid_argument(std::string(what) + " must be " + std::string(expected));
}

/// A string, or a list of numbers from 0 to 255. All readers here throw `std::invalid_argument` with the name given as
/// `what` for anything else than they read.
inline std::string strict_bytes(const nlohmann::json& value, std::string_view what) {
    if (value.is_string()) return value.get<std::string>();
    if (!value.is_array()) refuse_value(what, "a string or a list of bytes");
    std::string out;
    for (const auto& byte : value) {
        if (!byte.is_number_unsigned() || byte.get<std::uint64_t>() > 255)
            refuse_value(what, "a string or a list of numbers from 0 to 255");
        out += static_cast<char>(byte.get<std::uint64_t>());
    }
    return out;
}

/// A number; null is NaN, "inf" and "-inf" are the infinities.
inline double strict_number(const nlohmann::json& value, std::string_view what) {
    if (value.is_number()) return value.get<double>();
    if (value.is_null()) return std::numeric_limits<double>::quiet_NaN();
    if (value == "inf") return std::numeric_limits<double>::infinity();
    if (value == "-inf") return -std::numeric_limits<double>::infinity();
    refuse_value(what, "a number, null, \"inf\" or \"-inf\"");
}

template <class T>
T strict_integer(const nlohmann::json& value, std::string_view what) {
    if (!value.is_number_integer()) refuse_value(what, "an integer");
    const bool fits = value.is_number_unsigned() ? std::in_range<T>(value.get<std::uint64_t>())
                                                 : std::in_range<T>(value.get<std::int64_t>());
    if (!fits) refuse_value(what, "an integer in range");
    return value.get<T>();
}

inline bool strict_boolean(const nlohmann::json& value, std::string_view what) {
    if (!value.is_boolean()) refuse_value(what, "true or false");
    return value.get<bool>();
}

/// The list itself, once it is seen to be one.
inline const nlohmann::json& strict_list(const nlohmann::json& value, std::string_view what) {
    if (!value.is_array()) refuse_value(what, "a list");
    return value;
}

/// An object all of whose members must be taken: `end` throws if one was not.
class StrictObject {
public:
    StrictObject(const nlohmann::json& value, std::string_view what) : value_(&value), what_(what) {
        if (!value.is_object()) refuse_value(what, "an object");
    }

    const nlohmann::json& take(const char* key) {
        const auto* found = take_if(key);
        if (found == nullptr) throw std::invalid_argument(what_ + " has no '" + key + "'");
        return *found;
    }

    /// Null if there is no such member.
    const nlohmann::json* take_if(const char* key) {
        const auto found = value_->find(key);
        if (found == value_->end()) return nullptr;
        taken_.emplace_back(key);
        return &*found;
    }

    void end() const {
        for (const auto& [key, value] : value_->items()) {
            if (std::find(taken_.begin(), taken_.end(), key) == taken_.end())
                throw std::invalid_argument(what_ + " has an unknown '" + key.substr(0, 40) + "'");
        }
    }

private:
    const nlohmann::json* value_;
    std::string what_;
    std::vector<std::string_view> taken_;
};

}  // namespace enough
