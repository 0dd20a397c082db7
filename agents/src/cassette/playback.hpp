#pragma once

#include <enough/agents/cassette.hpp>

namespace enough {

/// Tells the request's sink what was recorded, with no more candidates than the request wants, and gives the outcome:
/// the recorded one, or that of a call cut where the sink says stop. The recording must have been found for the
/// request.
Result<Answer> play(const RecordedCall& call, const Request& request);

}  // namespace enough
