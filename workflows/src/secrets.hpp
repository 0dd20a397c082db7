#pragma once

#include "file_source.hpp"
#include "problems.hpp"
#include "yaml_tree.hpp"

#include <enough/workflows/load.hpp>

namespace enough {

/// What is said of a secret anywhere else.
inline constexpr const char* secret_out_of_place =
    "a secret can't be used here, only in 'api_key', 'extra_headers' and 'proxy' of models and in 'headers' and "
    "'environment' of tools";

/// Reads `secrets:` and fills `{{ secrets.NAME }}` into the few places of `root` where one may stand; anywhere else it
/// is an error, as is a secret that can't be had. What was filled in is shown by no message: the node counts as come
/// from a variable. To be called when included files are merged, and before `extends`.
void fill_secrets(Node& root, const Environment& environment, FileSource& files, Problems& problems);

/// Leaves the references as they stand, where a workflow is only to be shown: readers take no offence at them.
void leave_secrets(Node& root);

}  // namespace enough
