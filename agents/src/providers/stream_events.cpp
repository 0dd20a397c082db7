#include "providers/stream_events.hpp"

#include "failure_kind.hpp"

#include <fmt/format.h>

#include <utility>

namespace enough {

StreamEvents::StreamEvents(Framing framing, std::size_t max_event_bytes)
    : framing_(framing), max_event_bytes_(max_event_bytes), sse_(max_event_bytes), lines_(max_event_bytes) {}

Result<std::vector<SseEvent>> StreamEvents::feed(std::string_view bytes) {
    if (framing_ == Framing::events) return sse_.feed(bytes);
    const bool bounded = lines_.feed(bytes);
    auto events = take_lines();
    if (!bounded && events.empty()) {
        return make_failure(FailureKind::bad_response,
                            fmt::format("a line of the stream is longer than {} bytes; the server does not send what "
                                        "it should",
                                        max_event_bytes_));
    }
    return events;
}

std::vector<SseEvent> StreamEvents::finish() {
    if (framing_ == Framing::events) return {};
    lines_.feed("\n");
    return take_lines();
}

std::vector<SseEvent> StreamEvents::take_lines() {
    std::vector<SseEvent> events;
    while (auto line = lines_.next()) {
        if (line->find_first_not_of(" \t\r") == std::string::npos) continue;
        SseEvent event;
        event.data = std::move(*line);
        events.push_back(std::move(event));
    }
    return events;
}

}  // namespace enough
