#pragma once

#include <enough/agents/failure.hpp>
#include <enough/net/sse_parser.hpp>

#include "net/line_buffer.hpp"

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace enough {

/// How a stream's events are told apart.
enum class Framing {
    events,  ///< `text/event-stream`
    lines,   ///< one JSON document a line
};

/// Tells the events of a stream apart that arrives in pieces cut anywhere. Of lines, `data` is the line; empty ones are
/// none.
class StreamEvents {
public:
    StreamEvents(Framing framing, std::size_t max_event_bytes);

    /// The events that `bytes` completed, or a `bad_response` once one is too large.
    Result<std::vector<SseEvent>> feed(std::string_view bytes);

    /// What the end of the stream completes: a last line without its end.
    std::vector<SseEvent> finish();

private:
    std::vector<SseEvent> take_lines();

    Framing framing_;
    std::size_t max_event_bytes_;
    SseParser sse_;
    LineBuffer lines_;
};

}  // namespace enough
