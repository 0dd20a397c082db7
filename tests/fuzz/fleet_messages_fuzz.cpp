// Any bytes are read as each of the messages between a batch and its workers: either they are refused with
// `std::invalid_argument`, or what was read says the same when it is written and read again.
#include "fleet/fleet_messages.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

namespace {

using namespace enough::fleet;

template <class Message>
void check(Message (*read)(std::string_view), std::string_view bytes) {
    try {
        const auto once = to_text(read(bytes));
        if (to_text(read(once)) != once) std::abort();
    } catch (const std::invalid_argument&) {
        // Refused.
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    check(read_notice, bytes);
    check(read_job, bytes);
    check(read_record, bytes);
    check(read_outcome, bytes);
    check(read_waste, bytes);
    check(read_beat, bytes);
    check(read_news, bytes);
    return 0;
}
