#include "providers/http_failure.hpp"

#include <enough/json/shallow_json.hpp>
#include "failure_kind.hpp"

#include <fmt/format.h>
#include <re2/re2.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <utility>

namespace enough {

namespace {

using Json = nlohmann::json;

constexpr auto longest_wait = std::chrono::hours(24);

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return out;
}

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

std::string scalar(const Json& object, const char* key) {
    const auto found = object.find(key);
    if (found == object.end()) return {};
    if (found->is_string()) return found->get<std::string>();
    return found->is_number() ? found->dump() : std::string();
}

FailureKind kind_of(int status) {
    switch (status) {
        case 401:
        case 403:
            return FailureKind::unauthorized;
        case 408:
            return FailureKind::server_error;
        case 429:
            return FailureKind::rate_limited;
        case 503:
        case 529:
            return FailureKind::overloaded;
        default:
            return status >= 500 ? FailureKind::server_error : FailureKind::bad_request;
    }
}

std::string_view advice(FailureKind kind) {
    switch (kind) {
        case FailureKind::unauthorized:
            return "; check the model's api_key";
        case FailureKind::no_model:
            return "; check the model's name";
        case FailureKind::context_full:
            return "; shorten the prompt or use a model with a larger context";
        default:
            return "";
    }
}

std::optional<std::chrono::milliseconds> bounded(double milliseconds) {
    if (!(milliseconds >= 0)) return std::chrono::milliseconds(0);
    const auto most = static_cast<double>(std::chrono::milliseconds(longest_wait).count());
    return std::chrono::milliseconds(static_cast<std::int64_t>(std::min(milliseconds, most)));
}

std::optional<double> whole_number(const std::string& text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// An HTTP date in the one form that may be sent: "Wed, 21 Oct 2015 07:28:00 GMT". In seconds: the clock's own
// nanoseconds end in 1677 and 2262, and a server may write any year.
std::optional<std::chrono::sys_seconds> http_date(const std::string& text) {
    constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    int day = 0, year = 0, hour = 0, minute = 0, second = 0;
    std::array<char, 4> month{};
    if (std::sscanf(text.c_str(), "%*3s, %2d %3s %4d %2d:%2d:%2d GMT", &day, month.data(), &year, &hour, &minute,
                    &second) != 6) {
        return std::nullopt;
    }
    const auto found = std::find(months.begin(), months.end(), std::string_view(month.data()));
    if (found == months.end()) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year(year),
                                           std::chrono::month(static_cast<unsigned>(found - months.begin()) + 1),
                                           std::chrono::day(static_cast<unsigned>(day))};
    if (!date.ok()) return std::nullopt;
    return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
           std::chrono::seconds(second);
}

}  // namespace

// {"error":{"message"}}, {"error":"…"}, {"message"}, FastAPI's {"detail":"…"} and {"detail":[{"msg"}]}, or the body.
ServerError server_error(const std::string& body) {
    const Json json = parse_shallow(body);
    if (!json.is_object()) return {body, {}};
    const auto error = json.find("error");
    const auto& object = error != json.end() && error->is_object() ? *error : json;
    ServerError out;
    out.code = lower(scalar(object, "code") + " " + scalar(object, "type"));
    out.message = scalar(object, "message");
    if (out.message.empty()) out.message = scalar(json, "error");
    if (out.message.empty()) out.message = scalar(json, "detail");
    const auto detail = json.find("detail");
    if (out.message.empty() && detail != json.end() && detail->is_array() && !detail->empty()) {
        out.message = detail->front().is_object() ? scalar(detail->front(), "msg") : std::string();
        if (contains(detail->dump(-1, ' ', false, Json::error_handler_t::replace), "logprobs")) {
            out.message += " (logprobs)";
        }
    }
    if (out.message.empty()) out.message = body;
    return out;
}

std::optional<std::chrono::milliseconds> http_retry_after(const std::optional<std::string>& milliseconds,
                                                          const std::optional<std::string>& retry_after,
                                                          std::chrono::system_clock::time_point now) {
    if (milliseconds) {
        if (const auto value = whole_number(*milliseconds)) return bounded(*value);
    }
    if (!retry_after) return std::nullopt;
    if (const auto seconds = whole_number(*retry_after)) return bounded(*seconds * 1000);
    if (const auto date = http_date(*retry_after)) {
        const std::chrono::duration<double> from_epoch_to_now = now.time_since_epoch();
        const std::chrono::duration<double> from_epoch_to_date = date->time_since_epoch();
        return bounded((from_epoch_to_date - from_epoch_to_now).count() * 1000);
    }
    return std::nullopt;
}

bool is_html(std::string_view content_type, std::string_view body) {
    if (lower(content_type.substr(0, 9)) == "text/html") return true;
    const auto start = body.find_first_not_of(" \t\r\n");
    return start != std::string_view::npos && body[start] == '<';
}

Failure http_failure(const HttpRefusal& refusal, const std::string& origin, const ServerText& server_text) {
    const bool page = is_html(refusal.content_type, refusal.body);
    if (refusal.status >= 300 && refusal.status < 400) {
        const auto target = server_text.excerpt(refusal.location.substr(0, refusal.location.find('?')));
        return make_failure(FailureKind::bad_response,
                            fmt::format("{} answered {} and points to '{}'; redirects are not followed, so put the "
                                        "right address into base_url",
                                        origin, refusal.status, target));
    }
    auto kind = kind_of(refusal.status);
    if (page && (refusal.status < 300 || kind == FailureKind::bad_request)) {
        return make_failure(FailureKind::bad_response,
                            fmt::format("{} answered {} with a web page: the URL does not look like an API; most "
                                        "base_urls end in /v1",
                                        origin, refusal.status));
    }
    const auto error = page ? ServerError{"a web page", {}} : server_error(refusal.body);
    const auto words = lower(error.message);
    if (kind == FailureKind::bad_request) {
        const bool missing = contains(words, "not found") || contains(words, "does not exist");
        if (contains(error.code, "context_length_exceeded") || contains(error.code, "exceed_context_size") ||
            contains(words, "maximum context length") || contains(words, "context size")) {
            kind = FailureKind::context_full;
        } else if (contains(error.code, "model_not_found") || (missing && contains(words, "model"))) {
            kind = FailureKind::no_model;
        }
    }
    const auto said = server_text.excerpt(error.message);
    auto failure = make_failure(kind, fmt::format("{} answered {}{}{}{}", origin, refusal.status,
                                                  said.empty() ? "" : ": ", said, advice(kind)));
    // An exhausted quota stays exhausted for longer than any retry waits.
    if (contains(error.code, "insufficient_quota")) failure.retryable = false;
    return failure;
}

Failure stream_failure(const std::string& message, std::string_view code) {
    const auto words = lower(code);
    const bool rate = contains(words, "429") || contains(words, "rate_limit") || contains(words, "quota");
    auto failure = make_failure(rate ? FailureKind::rate_limited : FailureKind::server_error,
                                fmt::format("the server broke the stream off with an error: {}", message));
    static const RE2 lasting(R"(\b4\d\d\b|insufficient_quota|invalid_request)");
    if (RE2::PartialMatch(words, lasting) && !contains(words, "429") && !contains(words, "408")) {
        failure.retryable = false;
    }
    return failure;
}

}  // namespace enough
