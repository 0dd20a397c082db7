#pragma once

#include <enough/agents/cassette.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace enough {

/// What `Tape::nearest` says, for the recordings of a tape in their order.
std::string describe_nearest(const std::vector<Tape::Recording>& recordings, std::string_view model,
                             const Request& request);

}  // namespace enough
