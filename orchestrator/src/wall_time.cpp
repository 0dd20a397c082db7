#include "wall_time.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <ctime>
#include <string_view>

namespace enough {
namespace {

using std::chrono::milliseconds;

std::optional<std::int64_t> whole_number(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || text.size() > 11 || error != std::errc() || end != text.data() + text.size())
        return std::nullopt;
    return value;
}

/// `.5`, `.123`: of a second; absent if it is anything else.
std::optional<milliseconds> fraction(std::string_view text) {
    if (text.empty()) return milliseconds(0);
    if (text.front() != '.' || text.size() > 10) return std::nullopt;
    text.remove_prefix(1);
    std::int64_t value = 0;
    int digits = 0;
    for (const char digit : text) {
        if (digit < '0' || digit > '9') return std::nullopt;
        if (++digits <= 3) value = value * 10 + (digit - '0');
    }
    for (int i = digits; i < 3; ++i)
        value *= 10;
    return digits == 0 ? std::nullopt : std::optional(milliseconds(value));
}

std::optional<WallTime> read_calendar(const std::string& text) {
    constexpr std::size_t to_seconds = 19;  // 2026-01-31T12:00:00
    if (text.size() <= to_seconds || text.back() != 'Z') return std::nullopt;
    constexpr std::string_view shape = "dddd-dd-ddTdd:dd:dd";
    std::array<unsigned, 6> part{};
    std::size_t which = 0;
    for (std::size_t i = 0; i < to_seconds; ++i) {
        const bool digit = text[i] >= '0' && text[i] <= '9';
        if (shape[i] == 'd' ? !digit : text[i] != shape[i]) return std::nullopt;
        if (digit)
            part[which] = part[which] * 10 + static_cast<unsigned>(text[i] - '0');
        else
            ++which;
    }
    const auto rest = fraction(std::string_view(text).substr(to_seconds, text.size() - to_seconds - 1));
    const std::chrono::year_month_day day(std::chrono::year(static_cast<int>(part[0])), std::chrono::month(part[1]),
                                          std::chrono::day(part[2]));
    if (!rest || !day.ok() || part[3] > 23 || part[4] > 59 || part[5] > 60) return std::nullopt;
    return WallTime(std::chrono::sys_days(day) + std::chrono::hours(part[3]) + std::chrono::minutes(part[4]) +
                    std::chrono::seconds(part[5]) + *rest);
}

}  // namespace

WallTime wall_time_now() {
    return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
}

std::string rfc3339(WallTime time) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    const std::tm calendar = fmt::gmtime(std::chrono::system_clock::to_time_t(seconds));
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", calendar,
                       std::chrono::floor<milliseconds>(time - seconds).count());
}

std::optional<WallTime> read_wall_time(const std::string& text) {
    if (const auto seconds = whole_number(text); seconds && *seconds >= 0)
        return WallTime(std::chrono::seconds(*seconds));
    return read_calendar(text);
}

}  // namespace enough
