#include "serve/run_query.hpp"

#include <enough/orchestrator/status.hpp>

#include <fmt/format.h>

#include <charconv>
#include <string_view>

namespace enough {
namespace {

constexpr std::size_t largest_page = 100;

using Given = std::optional<std::string>;

bool read_limit(const Given& given, std::size_t& limit) {
    if (!given) return true;
    const char* last = given->data() + given->size();
    const auto [end, error] = std::from_chars(given->data(), last, limit);
    return error == std::errc() && end == last && limit > 0 && limit <= largest_page;
}

bool read_time(const Given& given, std::optional<WallTime>& time) {
    if (given) time = read_wall_time(*given);
    return !given || time;
}

}  // namespace

std::optional<std::string> query_parameter(const ServerRequest& request, const std::string& name) {
    const auto known = request.query.find(name);
    return known == request.query.end() ? std::nullopt : std::optional(known->second);
}

std::variant<RunFilter, ApiError> read_run_filter(const ServerRequest& request) {
    RunFilter filter;
    if (!read_limit(query_parameter(request, "limit"), filter.limit))
        return ApiError{.message = fmt::format("'limit' is a number from 1 to {}", largest_page), .param = "limit"};
    if (const Given status = query_parameter(request, "status")) {
        if (!status_named(*status) && *status != StoredRun::interrupted)
            return ApiError{.message = "there is no such status", .param = "status"};
        filter.status = *status;
    }
    constexpr std::string_view time_words = "'{}' is a time such as 2026-01-31T12:00:00Z, or seconds since 1970";
    if (!read_time(query_parameter(request, "since"), filter.since))
        return ApiError{.message = fmt::format(time_words, "since"), .param = "since"};
    if (!read_time(query_parameter(request, "until"), filter.until))
        return ApiError{.message = fmt::format(time_words, "until"), .param = "until"};
    filter.workflow = query_parameter(request, "workflow").value_or("");
    return filter;
}

}  // namespace enough
