#include "telemetry/log.hpp"

#include "wall_time.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <utility>

namespace enough {
namespace {

using Json = nlohmann::ordered_json;

std::string_view name(LogLevel level) {
    switch (level) {
        case LogLevel::debug:
            return "debug";
        case LogLevel::info:
            return "info";
        case LogLevel::warning:
            return "warning";
        case LogLevel::error:
            return "error";
    }
    return "info";
}

std::string json_text(const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// A word stands as it is, anything else in quotes, so that nobody can make two fields or lines of one.
std::string word(const Json& value) {
    if (!value.is_string()) return json_text(value);
    const auto& text = value.get_ref<const std::string&>();
    constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:{}@+";
    const bool is_word = !text.empty() && text.find_first_not_of(plain) == std::string::npos;
    return is_word ? text : json_text(value);
}

}  // namespace

std::string log_line(LogFormat format, std::chrono::system_clock::time_point time, LogLevel level,
                     std::string_view message, const Json& fields) {
    const std::string stamp = rfc3339(std::chrono::floor<std::chrono::microseconds>(time));
    if (format == LogFormat::json) {
        Json line{{"time", stamp}, {"level", name(level)}, {"message", message}};
        for (const auto& [key, value] : fields.items())
            if (!value.is_null()) line[key] = value;
        return json_text(line) + "\n";
    }
    std::string line = fmt::format("{} {:7} {}", stamp, name(level), message);
    for (const auto& [key, value] : fields.items())
        if (!value.is_null()) line += fmt::format(" {}={}", key, word(value));
    return line + "\n";
}

Log::Log(LogSettings settings, Write write) : settings_(settings), write_(std::move(write)) {
    if (!write_) write_ = [](const std::string& line) { std::fwrite(line.data(), 1, line.size(), stderr); };
}

void Log::line(LogLevel level, std::string_view message, const Json& fields) {
    if (writes(level)) write_(log_line(settings_.format, std::chrono::system_clock::now(), level, message, fields));
}

}  // namespace enough
