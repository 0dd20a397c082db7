#pragma once

#include <enough/agents/failure.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace enough {

struct SseEvent {
    std::string event;  ///< empty = the default type, "message"
    std::string data;   ///< lines joined by LF
    std::string id;     ///< the last id the stream has set, by this event or an earlier one

    bool operator==(const SseEvent&) const = default;
};

/// Reads a `text/event-stream` piece by piece, wherever the pieces are cut. Lines end in CR, LF or CRLF; comments,
/// `retry` and unknown fields are skipped, as is a byte order mark at the start. An event not yet ended by an empty
/// line when the stream ends is no event.
class SseParser {
public:
    /// `max_event_bytes` bounds what one event's fields, or one line, may take up.
    explicit SseParser(std::size_t max_event_bytes = 1024 * 1024);

    /// The events that `bytes` completed. Once an event is too large: a `bad_response`, as soon as the events before it
    /// have been handed out; it stays so.
    Result<std::vector<SseEvent>> feed(std::string_view bytes);

    /// True if the stream must not end here: an event has begun.
    bool inside_event() const { return has_data_ || !line_.empty(); }

private:
    void skip_byte_order_mark(std::string_view& bytes);
    bool take_line(std::string_view line, std::vector<SseEvent>& events);
    void take_field(std::string_view name, std::string_view value);
    void dispatch(std::vector<SseEvent>& events);
    bool too_large(std::size_t more) const { return event_.size() + data_.size() + more > max_event_bytes_; }
    Failure failure() const;

    std::size_t max_event_bytes_;
    std::string line_;  ///< a line's beginning whose end has not come yet
    std::string event_;
    std::string data_;
    std::string id_;
    std::size_t mark_seen_ = 0;  ///< bytes of the byte order mark matched so far
    bool started_ = false;       ///< past the place where a byte order mark may stand
    bool has_data_ = false;
    bool skip_lf_ = false;  ///< the last byte was a CR that ended a line
    bool overflowed_ = false;
};

}  // namespace enough
