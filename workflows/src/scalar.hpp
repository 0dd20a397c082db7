#pragma once

#include "yaml_tree.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace enough {

/// What a scalar is by the core rules of YAML 1.2: `yes`, `on` and `012` are text, text and twelve.
enum class ScalarType { null, boolean, integer, number, text };

ScalarType scalar_type(const Node& scalar);

/// Values of a scalar; absent when it is of another type or out of range.
std::optional<bool> as_boolean(const Node& scalar);
std::optional<std::int64_t> as_integer(const Node& scalar);  ///< also `4.0`
std::optional<double> as_number(const Node& scalar);         ///< finite

/// `'text'`, shortened and without control characters: fit for a message.
std::string in_quotes(std::string_view text);

/// What stands here, for "expected …, found …". What came out of a variable is never shown, only the variable.
std::string describe(const Node& node);

/// The scalar's text in quotes, or the variable it came from.
std::string shown(const Node& scalar);

}  // namespace enough
