#pragma once

#include "problems.hpp"
#include "yaml_tree.hpp"

#include <enough/workflows/load.hpp>

namespace enough {

/// Fills `${VAR}`, `${VAR:-default}` and `${VAR:?message}` into every scalar below `root`, and turns `$$` into `$`.
/// Values are filled in after parsing, so nothing in them can change the file's structure; what an unquoted scalar
/// becomes is typed by YAML's core rules. A default may hold variables itself. `x-…` keys are left alone.
void substitute(Node& root, const Environment& environment, Unset unset, Problems& problems);

}  // namespace enough
