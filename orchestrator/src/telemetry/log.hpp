#pragma once

#include <enough/orchestrator/telemetry.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

namespace enough {

/// Writes lines for machines and people to read: JSON, or `TIME LEVEL message name=value …`. Whoever writes one sees to
/// it that no prompt, answer, key or query is in it.
class Log {
public:
    using Write = std::function<void(const std::string& line)>;

    /// `write` takes whole lines with their ends; empty: standard error.
    explicit Log(LogSettings settings, Write write = nullptr);

    bool writes(LogLevel level) const { return settings_.format != LogFormat::off && level >= settings_.level; }

    /// `fields` is an object; those that are null are left out.
    void line(LogLevel level, std::string_view message, const nlohmann::ordered_json& fields);

private:
    LogSettings settings_;
    Write write_;
};

/// A line as it is written. Pure.
std::string log_line(LogFormat format, std::chrono::system_clock::time_point time, LogLevel level,
                     std::string_view message, const nlohmann::ordered_json& fields);

}  // namespace enough
