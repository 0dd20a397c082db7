#include <enough/net/sse_parser.hpp>

#include <algorithm>
#include <utility>

namespace enough {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

}  // namespace

SseParser::SseParser(std::size_t max_event_bytes) : max_event_bytes_(max_event_bytes) {}

Result<std::vector<SseEvent>> SseParser::feed(std::string_view bytes) {
    if (overflowed_) return failure();
    std::vector<SseEvent> events;
    if (!started_) skip_byte_order_mark(bytes);
    while (!bytes.empty() && !overflowed_) {
        if (std::exchange(skip_lf_, false) && bytes.front() == '\n') {
            bytes.remove_prefix(1);
            continue;
        }
        const auto end = bytes.find_first_of("\r\n");
        if (end == std::string_view::npos) {
            overflowed_ = too_large(line_.size() + bytes.size());
            if (!overflowed_) line_.append(bytes);
            break;
        }
        skip_lf_ = bytes[end] == '\r';
        overflowed_ = !take_line(bytes.substr(0, end), events);
        bytes.remove_prefix(end + 1);
    }
    if (overflowed_ && events.empty()) return failure();
    return events;
}

void SseParser::skip_byte_order_mark(std::string_view& bytes) {
    while (!bytes.empty() && mark_seen_ < byte_order_mark.size() && bytes.front() == byte_order_mark[mark_seen_]) {
        bytes.remove_prefix(1);
        ++mark_seen_;
    }
    if (bytes.empty() && mark_seen_ < byte_order_mark.size()) return;
    started_ = true;
    // A mark that broke off was text after all.
    if (mark_seen_ < byte_order_mark.size()) line_.assign(byte_order_mark.substr(0, mark_seen_));
}

/// `line` is the end of what `line_` holds. False if the event has become too large.
bool SseParser::take_line(std::string_view line, std::vector<SseEvent>& events) {
    if (too_large(line_.size() + line.size())) return false;
    std::string joined;
    if (!line_.empty()) {
        line_.append(line);
        joined.swap(line_);
        line = joined;
    }
    if (line.empty()) {
        dispatch(events);
        return true;
    }
    const auto colon = line.find(':');
    if (colon == 0) return true;
    auto value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    take_field(line.substr(0, colon), value);
    return true;
}

void SseParser::take_field(std::string_view name, std::string_view value) {
    if (name == "data") {
        if (std::exchange(has_data_, true)) data_ += '\n';
        data_ += value;
    } else if (name == "event") {
        event_ = value;
    } else if (name == "id" && value.find('\0') == std::string_view::npos) {
        id_ = value;
    }
}

void SseParser::dispatch(std::vector<SseEvent>& events) {
    if (has_data_) events.push_back(SseEvent{std::move(event_), std::move(data_), id_});
    event_.clear();
    data_.clear();
    has_data_ = false;
}

Failure SseParser::failure() const {
    Failure failure;
    failure.kind = FailureKind::bad_response;
    failure.message = "an event of the stream is larger than " + std::to_string(max_event_bytes_) +
                      " bytes; the server does not send what it should";
    return failure;
}

}  // namespace enough
