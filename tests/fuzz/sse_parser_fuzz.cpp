#include <enough/net/sse_parser.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace {

constexpr std::size_t max_event_bytes = 64;

struct Outcome {
    std::vector<enough::SseEvent> events;
    bool failed = false;

    bool operator==(const Outcome&) const = default;
};

Outcome parse(std::string_view text, std::size_t piece) {
    enough::SseParser parser(max_event_bytes);
    Outcome outcome;
    do {
        const auto events = parser.feed(text.substr(0, piece));
        outcome.failed = !events;
        if (events) outcome.events.insert(outcome.events.end(), events->begin(), events->end());
        text.remove_prefix(std::min(piece, text.size()));
    } while (!text.empty() && !outcome.failed);
    if (!outcome.failed) outcome.failed = !parser.feed("");
    return outcome;
}

}  // namespace

/// However the bytes are cut, the same events come out.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::size_t piece = 1 + data[0] % 16;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    if (parse(text, piece) != parse(text, size)) std::abort();
    return 0;
}
