#pragma once

#include "fields.hpp"

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What the value of a key can be. Each type reads a `Value` or reports what was meant instead.
namespace enough::type {

/// Largest count that JSON carries exactly.
inline constexpr std::int64_t largest_count = 9007199254740991;

template <class Integer>
inline constexpr std::int64_t largest = std::cmp_less(std::numeric_limits<Integer>::max(), largest_count)
                                            ? static_cast<std::int64_t>(std::numeric_limits<Integer>::max())
                                            : largest_count;

/// Text; a variable in its place is text whatever its value looks like. Never empty unless `may_be_empty`.
struct Text {
    bool may_be_empty = false;
    std::optional<std::string> operator()(const Value& value) const;
};

/// Text that no message may show.
struct SecretText {
    std::optional<std::string> operator()(const Value& value) const;
};

struct Boolean {
    std::optional<bool> operator()(const Value& value) const;
};

/// A finite number. `above` and `below` are bounds that are not allowed themselves.
struct Number {
    std::optional<double> least{};
    std::optional<double> above{};
    std::optional<double> most{};
    std::optional<double> operator()(const Value& value) const;
};

/// A whole number from `least` to `most`.
template <class Integer>
struct Whole {
    Integer least = 1;
    std::int64_t most = largest<Integer>;
    std::optional<Integer> operator()(const Value& value) const;
};

/// The version of the file format: 1.
struct FormatVersion {
    std::optional<std::int64_t> operator()(const Value& value) const;
};

/// `500ms`, `1.5s`, `2m`, `1h`: more than nothing.
struct Duration {
    std::optional<std::chrono::milliseconds> operator()(const Value& value) const;
};

/// One of some words. Gives the word's index.
struct Word {
    std::span<const std::string_view> words;
    std::optional<std::size_t> operator()(const Value& value) const;
};

/// One of some words that stand for the enumerators 0, 1, 2, …
template <class Enum>
struct Choice {
    std::span<const std::string_view> words;
    std::optional<Enum> operator()(const Value& value) const {
        const auto index = Word{words}(value);
        return index ? std::optional(static_cast<Enum>(*index)) : std::nullopt;
    }
};

/// A list, not empty.
template <class Type>
struct List {
    Type item{};
    std::string_view what = "a list";

    auto operator()(const Value& value) const {
        using Item = typename decltype(item(value))::value_type;
        std::optional<std::vector<Item>> result;
        if (!value.is_list() || value.node().items.empty()) {
            value.expected(what);
            return result;
        }
        result.emplace();
        for (std::size_t i = 0; i < value.node().items.size(); ++i)
            if (auto read = item(value.at(i))) result->push_back(*std::move(read));
        if (result->size() != value.node().items.size()) result.reset();
        return result;
    }
};

/// One item, or a list of them.
template <class Type>
struct OneOrList {
    Type item{};
    std::string_view what = "one value or a list";

    auto operator()(const Value& value) const {
        using Item = typename decltype(item(value))::value_type;
        std::optional<std::vector<Item>> result;
        if (value.is_list()) return List<Type>{item, what}(value);
        if (auto read = item(value)) result.emplace().push_back(*std::move(read));
        return result;
    }
};

}  // namespace enough::type
