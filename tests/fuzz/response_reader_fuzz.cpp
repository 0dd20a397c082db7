// Any bytes are read as an HTTP response: however they are cut, the same comes out, and never more than the limits
// allow. The first byte tells the size of the pieces, the second what is expected and how the stream ends.
#include "net/response_reader.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace {

using namespace enough;

constexpr ResponseLimits limits{.header_bytes = 512, .body_bytes = 256};

struct Manner {
    ResponseReader::Body expected = ResponseReader::Body::as_stated;
    bool orderly = true;
};

struct Outcome {
    bool failed = false;
    int status = 0;
    std::optional<std::string> type;
    std::string body;
    bool reusable = false;

    bool operator==(const Outcome&) const = default;
};

void require(bool condition) {
    if (!condition) std::abort();
}

class Reading {
public:
    explicit Reading(Manner manner) : reader_(limits, manner.expected, "the server"), orderly_(manner.orderly) {}

    Outcome of(std::string_view text, std::size_t piece) {
        while (!text.empty() && !outcome_.failed && !reader_.done()) {
            const auto room = reader_.prepare();
            const auto size = std::min({piece, text.size(), room.size()});
            require(size > 0);
            std::memcpy(room.data(), text.data(), size);
            reader_.commit(size);
            text.remove_prefix(size);
            take_in();
        }
        if (!outcome_.failed && !reader_.done()) outcome_.failed = !reader_.end_of_stream(orderly_);
        if (outcome_.failed) return {.failed = true, .status = 0, .type = {}, .body = {}, .reusable = false};
        require(reader_.done() && has_header_);
        outcome_.status = reader_.status();
        outcome_.type = reader_.header("content-type");
        outcome_.reusable = reader_.reusable() && text.empty();
        return outcome_;
    }

private:
    void take_in() {
        if (!has_header_) {
            const auto header = reader_.read_header();
            outcome_.failed = !header;
            has_header_ = header && *header;
        }
        while (has_header_ && !outcome_.failed) {
            const auto body = reader_.read_body();
            outcome_.failed = !body;
            if (!body || body->empty()) break;
            outcome_.body += *body;
        }
        require(outcome_.body.size() <= limits.body_bytes);
    }

    ResponseReader reader_;
    bool orderly_;
    bool has_header_ = false;
    Outcome outcome_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::size_t piece = 1 + data[0] % 32;
    Manner manner;
    if ((data[1] & 1) != 0) manner.expected = ResponseReader::Body::none;
    manner.orderly = (data[1] & 2) == 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
    require(Reading(manner).of(text, piece) == Reading(manner).of(text, text.size()));
    return 0;
}
