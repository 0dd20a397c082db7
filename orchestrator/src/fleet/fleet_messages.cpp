#include "fleet/fleet_messages.hpp"

#include <fmt/format.h>

#include <initializer_list>
#include <stdexcept>
#include <utility>

namespace enough::fleet {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr int deepest = 128;
constexpr std::size_t most_workers = 100'000;

std::string text_of(const ordered_json& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

json parsed(std::string_view text, const char* what) {
    bool too_deep = false;
    const auto shallow = [&](int depth, json::parse_event_t, json&) {
        too_deep = too_deep || depth > deepest;
        return !too_deep;
    };
    json value = json::parse(text, shallow, false);
    if (too_deep || !value.is_object()) throw std::invalid_argument(fmt::format("this is no {}", what));
    return value;
}

/// A message's fields. Every fault is an `std::invalid_argument` that names the field.
class Reader {
public:
    Reader(std::string_view text, const char* what) : what_(what), json_(parsed(text, what)) {}
    Reader(json object, const char* what) : what_(what), json_(std::move(object)) {
        if (!json_.is_object()) throw std::invalid_argument(fmt::format("this is no {}", what_));
    }

    const json& at(const char* key) const {
        const auto found = json_.find(key);
        if (found == json_.end()) throw std::invalid_argument(fmt::format("a {} without '{}'", what_, key));
        return *found;
    }

    std::string text(const char* key) const { return as<std::string>(key, at(key).is_string()); }
    bool flag(const char* key) const { return as<bool>(key, at(key).is_boolean()); }

    std::int64_t number(const char* key, std::int64_t least = 0) const {
        const auto value = as<std::int64_t>(key, at(key).is_number_integer());
        if (value < least) throw wrong(key);
        return value;
    }

    double amount(const char* key) const {
        const auto value = as<double>(key, at(key).is_number());
        if (!(value >= 0)) throw wrong(key);
        return value;
    }

    std::vector<std::string> texts(const char* key) const {
        const json& list = at(key);
        if (!list.is_array() || list.size() > most_workers) throw wrong(key);
        std::vector<std::string> values;
        for (const json& each : list) {
            if (!each.is_string()) throw wrong(key);
            values.push_back(each.get<std::string>());
        }
        return values;
    }

    std::invalid_argument wrong(const char* key) const {
        return std::invalid_argument(fmt::format("a {} whose '{}' can't be right", what_, key));
    }

private:
    template <class T>
    T as(const char* key, bool fits) const {
        if (!fits) throw wrong(key);
        return at(key).get<T>();
    }

    const char* what_;
    json json_;
};

ordered_json json_of(const RunTotals& totals) {
    return {{"calls", totals.calls},
            {"input_tokens", totals.input_tokens},
            {"cached_input_tokens", totals.cached_input_tokens},
            {"output_tokens", totals.output_tokens},
            {"usd", totals.usd}};
}

RunTotals totals_in(const Reader& around) {
    const Reader reader(around.at("totals"), "sum of usage");
    return {reader.number("calls"), reader.number("input_tokens"), reader.number("cached_input_tokens"),
            reader.number("output_tokens"), reader.amount("usd")};
}

Holder holder_in(const Reader& reader) {
    return {reader.text("worker"), static_cast<std::uint64_t>(reader.number("delivery"))};
}

std::chrono::milliseconds duration(const Reader& reader, const char* key) {
    constexpr std::int64_t longest = std::int64_t{24} * 3600 * 1000;
    const std::int64_t value = reader.number(key, 1);
    if (value > longest) throw reader.wrong(key);
    return std::chrono::milliseconds(value);
}

}  // namespace

std::string to_text(const BatchNotice& notice) {
    return text_of({{"format", BatchNotice::current_format},
                    {"id", notice.id},
                    {"workflow", notice.workflow},
                    {"models", notice.models},
                    {"lease_ms", notice.lease.count()},
                    {"silence_ms", notice.silence.count()},
                    {"max_deliveries", notice.max_deliveries},
                    {"begun", notice.begun},
                    {"bundle", notice.bundle}});
}

BatchNotice read_notice(std::string_view text) {
    const Reader reader(text, "batch");
    if (reader.number("format") != BatchNotice::current_format)
        throw std::invalid_argument("the batch is of another version of this program");
    BatchNotice notice;
    notice.id = reader.text("id");
    notice.workflow = reader.text("workflow");
    notice.models = reader.texts("models");
    notice.lease = duration(reader, "lease_ms");
    notice.silence = duration(reader, "silence_ms");
    notice.max_deliveries = static_cast<int>(std::min<std::int64_t>(reader.number("max_deliveries", 1), 1'000));
    notice.begun = reader.text("begun");
    notice.bundle = reader.text("bundle");
    return notice;
}

std::string to_text(const Job& job) {
    return text_of({{"number", job.number}, {"id", job.id}, {"inputs", job.inputs}});
}

Job read_job(std::string_view text) {
    const Reader reader(text, "job");
    if (!reader.at("inputs").is_object()) throw reader.wrong("inputs");
    return {reader.number("number", 1), reader.at("id"), reader.at("inputs")};
}

std::string to_text(const RunRecord& record) {
    ordered_json events = ordered_json::array();
    for (const Event& event : record.events)
        events.push_back(ordered_json(to_json(event)));
    return text_of({{"worker", record.holder.worker},
                    {"delivery", record.holder.delivery},
                    {"failures", record.failures},
                    {"handed_back", record.handed_back},
                    {"events", std::move(events)}});
}

RunRecord read_record(std::string_view text) {
    const Reader reader(text, "record of a run");
    const json& events = reader.at("events");
    if (!events.is_array()) throw reader.wrong("events");
    const auto failures = static_cast<int>(std::min<std::int64_t>(reader.number("failures"), 1'000'000));
    RunRecord record{holder_in(reader), {}, failures, reader.flag("handed_back")};
    for (const json& event : events)
        record.events.push_back(event_from_json(event));
    return record;
}

std::string to_text(const Outcome& outcome) {
    return text_of({{"worker", outcome.holder.worker},
                    {"delivery", outcome.holder.delivery},
                    {"status", name(outcome.result.status)},
                    {"totals", json_of(outcome.result.totals)},
                    {"report", outcome.result.report}});
}

Outcome read_outcome(std::string_view text) {
    const Reader reader(text, "result");
    Outcome outcome;
    outcome.holder = holder_in(reader);
    const auto status = status_named(reader.text("status"));
    if (!status || !is_final(*status) || *status == Status::cancelled) throw reader.wrong("status");
    outcome.result = {*status, totals_in(reader), reader.text("report")};
    const std::string& report = outcome.result.report;
    const bool one_object = report.starts_with('{') && report.find('\n') == std::string::npos && json::accept(report);
    if (!one_object) throw reader.wrong("report");
    return outcome;
}

std::string to_text(const Waste& waste) {
    return text_of({{"worker", waste.holder.worker},
                    {"delivery", waste.holder.delivery},
                    {"totals", json_of(waste.totals)},
                    {"reason", waste.reason}});
}

Waste read_waste(std::string_view text) {
    const Reader reader(text, "note of waste");
    return {holder_in(reader), totals_in(reader), reader.text("reason")};
}

std::string to_text(const Beat& beat) {
    return text_of({{"workers", beat.workers}, {"cancelled", beat.cancelled}, {"done", beat.done}});
}

Beat read_beat(std::string_view text) {
    const Reader reader(text, "beat");
    return {reader.texts("workers"), reader.flag("cancelled"), reader.flag("done")};
}

std::string to_text(const News& news) {
    return text_of({{"worker", news.worker},
                    {"slots", news.slots},
                    {"busy", news.busy},
                    {"refusal", news.refusal},
                    {"leaving", news.leaving}});
}

News read_news(std::string_view text) {
    const Reader reader(text, "word of a worker");
    const auto small = [&](const char* key) {
        return static_cast<int>(std::min<std::int64_t>(reader.number(key), 1'000'000));
    };
    return {reader.text("worker"), small("slots"), small("busy"), reader.text("refusal"), reader.flag("leaving")};
}

}  // namespace enough::fleet
