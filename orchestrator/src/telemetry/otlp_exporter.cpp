#include "telemetry/otlp_exporter.hpp"

#include "telemetry/otlp_json.hpp"

#include <enough/orchestrator/version.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace enough {
namespace {

constexpr int most_attempts = 5;
constexpr std::chrono::milliseconds first_wait{500};
constexpr std::chrono::milliseconds longest_wait{30'000};
constexpr std::chrono::milliseconds connect_time{5'000};
constexpr std::size_t longest_answer = 64 * 1024;

/// Seconds; a date is not understood, and the usual wait is taken.
std::optional<std::chrono::milliseconds> asked_wait(const std::optional<std::string>& header) {
    if (!header) return std::nullopt;
    std::uint32_t seconds = 0;
    const char* end = header->data() + header->size();
    const auto read = std::from_chars(header->data(), end, seconds);
    if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
    return std::min(longest_wait, std::chrono::milliseconds(std::int64_t{seconds} * 1'000));
}

/// `{"partialSuccess": {"rejectedSpans": "3"}}`: a number or, as protobuf's JSON has it, a string.
std::uint64_t rejected_spans(const std::string& answer) {
    const auto json = nlohmann::json::parse(answer, nullptr, false);
    if (!json.is_object() || !json.contains("partialSuccess") || !json["partialSuccess"].is_object()) return 0;
    const auto& partial = json["partialSuccess"];
    const auto rejected = partial.find("rejectedSpans");
    if (rejected == partial.end()) return 0;
    if (rejected->is_number_unsigned()) return rejected->get<std::uint64_t>();
    std::uint64_t count = 0;
    if (rejected->is_string()) {
        const auto& text = rejected->get_ref<const std::string&>();
        std::from_chars(text.data(), text.data() + text.size(), count);
    }
    return count;
}

Attributes resource_of(const TraceSettings& settings) {
    Attributes attributes;
    attributes.emplace_back("service.name", settings.service);
    attributes.emplace_back("service.version", std::string(version));
    attributes.emplace_back("telemetry.sdk.language", std::string("cpp"));
    attributes.emplace_back("telemetry.sdk.name", std::string("enough"));
    attributes.emplace_back("telemetry.sdk.version", std::string(version));
    for (const auto& [key, value] : settings.resource)
        attributes.emplace_back(key, value);
    return attributes;
}

}  // namespace

bool worth_another_attempt(int status) {
    return status == 429 || status == 502 || status == 503 || status == 504;
}

OtlpExporter::OtlpExporter(asio::any_io_executor executor, TraceSettings settings,
                           std::function<void(std::string)> complain)
    : executor_(executor),
      settings_(std::move(settings)),
      complain_(std::move(complain)),
      client_(executor),
      bell_(executor) {}

void OtlpExporter::take(Span span) {
    if (queue_.size() >= settings_.queue) {
        ++counts_.dropped;
        return;
    }
    queue_.push_back(std::move(span));
    if (queue_.size() >= settings_.batch) bell_.ring();
}

void OtlpExporter::finish() {
    finishing_ = true;
    end_ = Deadline::after(settings_.timeout);
    bell_.ring();
}

Task<void> OtlpExporter::serve() {
    for (;;) {
        if (!finishing_) co_await bell_.wait(Deadline::after(settings_.delay));
        while (!queue_.empty())
            co_await send_batch();
        if (finishing_) break;
    }
}

Task<void> OtlpExporter::send_batch() {
    const std::size_t count = std::min(queue_.size(), settings_.batch);
    const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(count);
    std::vector<Span> batch(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
    queue_.erase(queue_.begin(), end);
    const std::string body = otlp_json(resource_of(settings_), batch);
    batch.clear();
    auto wait = first_wait;
    for (int attempt = 1;; ++attempt) {
        const Outcome outcome = co_await post(body);
        if (outcome.fault.empty() || !outcome.again || finishing_ || attempt == most_attempts)
            co_return settle(outcome, count);
        // While it waits, new spans wait as well; the end of the program is not kept waiting.
        const Deadline next = Deadline::after(std::max(wait, outcome.wait));
        while (!finishing_ && !next.expired())
            co_await bell_.wait(next);
        wait = std::min(wait * 2, longest_wait);
    }
}

Task<OtlpExporter::Outcome> OtlpExporter::post(std::string body) {
    HttpRequest request;
    request.url = settings_.url;
    request.headers.emplace_back("Content-Type", "application/json");
    request.headers.emplace_back("User-Agent", fmt::format("enough/{}", version));
    for (const auto& [name, value] : settings_.headers)
        request.headers.emplace_back(name, value.reveal());
    request.body = std::move(body);
    const Deadline deadline = earlier(end_, Deadline::after(settings_.timeout));
    Outcome outcome;
    auto sent = co_await client_.send(std::move(request), std::min(connect_time, settings_.timeout), deadline);
    if (!sent) {
        outcome.fault = sent.error().message;
        outcome.again = sent.error().retryable;
        co_return outcome;
    }
    HttpExchange& exchange = **sent;
    std::string answer;
    while (answer.size() < longest_answer) {
        const auto piece = co_await exchange.read_some(deadline);
        if (!piece || piece->empty()) break;  // the status alone says enough
        answer += *piece;
    }
    const int status = exchange.status();
    if (status >= 200 && status < 300) {
        outcome.rejected = rejected_spans(answer);
        co_return outcome;
    }
    outcome.fault = fmt::format("the collector answered with status {}", status);
    outcome.again = worth_another_attempt(status);
    outcome.wait = asked_wait(exchange.header("retry-after")).value_or(std::chrono::milliseconds(0));
    co_return outcome;
}

void OtlpExporter::settle(const Outcome& outcome, std::uint64_t spans) {
    const std::uint64_t lost = outcome.fault.empty() ? std::min(outcome.rejected, spans) : spans;
    counts_.failed += lost;
    counts_.sent += spans - lost;
    const bool fresh = lost > 0 && !std::exchange(complained_, lost > 0);
    if (lost == 0) complained_ = false;
    if (!fresh || !complain_) return;
    complain_(outcome.fault.empty() ? fmt::format("the collector refused {} of {} spans", lost, spans)
                                    : fmt::format("{} spans could not be sent: {}", lost, outcome.fault));
}

}  // namespace enough
