#pragma once

#include <enough/orchestrator/event.hpp>

#include <filesystem>
#include <fstream>
#include <istream>
#include <optional>
#include <string>
#include <vector>

namespace enough {

/// Writes events as JSON lines, each flushed, so that a killed run leaves everything but at most its last line.
class EventLog : public EventSink {
public:
    /// Replaces the file. Throws `std::runtime_error` if it can't be written.
    explicit EventLog(const std::filesystem::path& file);

    void on(const Event& event) override;

    /// What went wrong with writing since, in words; absent while all is well. A log that fails does not fail the run.
    std::optional<std::string> error() const;

private:
    std::filesystem::path file_;
    std::ofstream out_;
};

/// Reads a log. A torn last line (the writer was killed) is dropped; anything else that is no event throws
/// `std::invalid_argument` naming the line. Lines over 64 MiB, and values nested
/// more than 102 deep, are refused.
std::vector<Event> read_event_log(std::istream& in);

}  // namespace enough
