#pragma once

#include "expression_node.hpp"

#include <string_view>

namespace enough {

/// Throws `ExpressionError`. Nodes nest at most 64 deep, so that walking them by recursion is safe.
NodePointer parse_expression(std::string_view text);

}  // namespace enough
