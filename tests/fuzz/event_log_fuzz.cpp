// Any bytes are read as an event log: either they are refused by `std::invalid_argument`, or each event stays the same
// when it is written and read again, and other thresholds can be judged on what was logged.
#include <enough/orchestrator/event_log.hpp>
#include <enough/orchestrator/regate.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace enough;

std::string written(const Event& event) {
    return to_json(event).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void regate(const std::vector<Event>& events) {
    for (const bool by_entropy : {true, false}) {
        GateChange change;
        change.accept = {0.5};
        if (by_entropy) change.signal = Signal::entropy_mean;
        try {
            const auto runs = regate_events(events, change, {});
            if (runs.empty() || !regate_report(runs, change).is_object()) std::abort();
        } catch (const std::invalid_argument&) {
            // no gated call
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::istringstream in(std::string(reinterpret_cast<const char*>(data), size));
    std::vector<Event> events;
    try {
        events = read_event_log(in);
    } catch (const std::invalid_argument&) {
        return 0;
    }
    for (const Event& event : events) {
        const std::string line = written(event);
        if (written(event_from_json(nlohmann::json::parse(line))) != line) std::abort();
    }
    regate(events);
    return 0;
}
