#include <enough/orchestrator/event_log.hpp>

#include <enough/json/shallow_json.hpp>

#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace enough {
namespace {

constexpr std::size_t max_line = 64 * 1024 * 1024;
constexpr int deepest_line = deepest_json + 2;  // inputs stand in an object in the event

[[noreturn]] void refuse(std::size_t line, const std::string& why) {
    throw std::invalid_argument("line " + std::to_string(line) + ": " + why);
}

}  // namespace

EventLog::EventLog(const std::filesystem::path& file) : file_(file), out_(file, std::ios::trunc | std::ios::binary) {
    if (!out_) throw std::runtime_error("cannot write " + file.string() + ": " + std::strerror(errno));
}

void EventLog::on(const Event& event) {
    // Model text may hold broken UTF-8; a log line must not.
    out_ << to_json(event).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n' << std::flush;
}

std::optional<std::string> EventLog::error() const {
    if (out_) return std::nullopt;
    return "events could not all be written to " + file_.string();
}

std::vector<Event> read_event_log(std::istream& in) {
    std::vector<Event> events;
    std::string line;
    for (std::size_t number = 1; std::getline(in, line); ++number) {
        const bool torn = in.eof();  // no newline at its end
        if (line.empty()) continue;
        if (line.size() > max_line) refuse(number, "longer than 64 MiB");
        const nlohmann::json json = parse_shallow(line, deepest_line);
        if (json.is_discarded() && torn) break;
        if (json.is_discarded()) refuse(number, "no JSON, or nested too deep");
        try {
            events.push_back(event_from_json(json));
        } catch (const std::invalid_argument& error) {
            refuse(number, error.what());
        }
    }
    return events;
}

}  // namespace enough
