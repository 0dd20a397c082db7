#pragma once

#include <nlohmann/json.hpp>

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace enough {

/// A JSON object that is read field by field, distrustfully: what is missing or of another type throws
/// `std::invalid_argument` with the field's name.
class JsonFields {
public:
    explicit JsonFields(const nlohmann::json& object) : object_(&object) {
        if (!object.is_object()) throw std::invalid_argument("expected an object");
    }

    template <class T>
    T get(const char* key) const {
        const auto found = object_->find(key);
        if (found == object_->end()) throw std::invalid_argument(std::string("field '") + key + "' is missing");
        return as<T>(*found, key);
    }

    /// Null and missing are absent.
    template <class T>
    std::optional<T> optional(const char* key) const {
        if (!has(key)) return std::nullopt;
        return as<T>(*object_->find(key), key);
    }

    JsonFields object(const char* key) const {
        const auto found = object_->find(key);
        if (found == object_->end() || !found->is_object())
            throw std::invalid_argument(std::string("field '") + key + "' must be an object");
        return JsonFields(*found);
    }

    std::vector<JsonFields> list(const char* key) const {
        const auto found = object_->find(key);
        if (found == object_->end() || !found->is_array())
            throw std::invalid_argument(std::string("field '") + key + "' must be a list");
        std::vector<JsonFields> items;
        for (const auto& item : *found)
            items.emplace_back(item);
        return items;
    }

    bool has(const char* key) const {
        const auto found = object_->find(key);
        return found != object_->end() && !found->is_null();
    }

    const nlohmann::json& json() const { return *object_; }

private:
    template <class T>
    static T as(const nlohmann::json& value, const char* key) {
        // nlohmann converts silently between numbers and wraps what does not fit: a log must say what it means.
        if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
            if (!value.is_number_integer())
                throw std::invalid_argument(std::string("field '") + key + "' must be an integer");
            const bool fits = value.is_number_unsigned() ? std::in_range<T>(value.get<std::uint64_t>())
                                                         : std::in_range<T>(value.get<std::int64_t>());
            if (!fits) throw std::invalid_argument(std::string("field '") + key + "' is out of range");
        }
        try {
            return value.get<T>();
        } catch (const nlohmann::json::exception&) {
            throw std::invalid_argument(std::string("field '") + key + "' has the wrong type");
        }
    }

    const nlohmann::json* object_;
};

template <class T>
nlohmann::json null_or(const std::optional<T>& value) {
    return value ? nlohmann::json(*value) : nlohmann::json(nullptr);
}

}  // namespace enough
