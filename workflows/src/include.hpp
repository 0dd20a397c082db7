#pragma once

#include "shared_load.hpp"
#include "sources.hpp"
#include "yaml_tree.hpp"

#include <filesystem>

namespace enough {

/// Adds the inputs, models, agents, gates, tools and secrets of the files that `root` includes, variables filled in.
/// What the including file defines itself wins; one name from two included files is a problem. The result says whether
/// every file could be read: if not, names may be missing through no fault of those who use them.
bool include_files(Node& root, const std::filesystem::path& file, Sources& sources, SharedLoad& shared);

}  // namespace enough
