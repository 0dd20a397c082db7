#pragma once

#include "fields.hpp"
#include "yaml_tree.hpp"

namespace enough {

/// `child` with everything from `parent` that it does not say itself: maps merge key by key, lists and scalars replace,
/// and `answer` replaces as a whole.
Node merged(const Node& parent, const Node& child);

/// Replaces each entry of a section by itself merged over what it `extends`. Unknown names and cycles are reported and
/// leave the entry broken. `complete`: false if names may be missing, which are not reported then.
void resolve_extends(Node& section, const std::string& section_name, bool complete, Problems& problems);

/// The same for one gate written in place, which may extend a gate of the (resolved) section.
Node resolve_in_place(const Value& value, const Node* section, bool complete);

}  // namespace enough
