#pragma once

#include <enough/orchestrator/batch.hpp>
#include <enough/orchestrator/event.hpp>
#include <enough/orchestrator/run_totals.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What a batch and its workers tell each other: one JSON object each. Whatever comes from a server is read as if
// anybody could have written it: the readers throw `std::invalid_argument` in words and trust no type or size.
namespace enough::fleet {

/// A batch, as it stands in the bucket of batches.
struct BatchNotice {
    static constexpr int current_format = 1;

    std::string id;
    std::string workflow;             ///< its name
    std::vector<std::string> models;  ///< all that a run may ask, sorted
    std::string bundle;               ///< JSON of the `WorkflowBundle`
    std::chrono::milliseconds lease{30'000};
    std::chrono::milliseconds silence{10'000};  ///< without a beat for so long, the batch is taken for dead
    int max_deliveries = 5;                     ///< of one job; then it is given up
    std::string begun;                          ///< RFC 3339

    bool operator==(const BatchNotice&) const = default;
};

/// One item to be run.
struct Job {
    std::int64_t number = 0;
    nlohmann::json id;
    nlohmann::json inputs;

    bool operator==(const Job&) const = default;
};

/// Who held a job: of several deliveries of one item, only the last counts.
struct Holder {
    std::string worker;
    std::uint64_t delivery = 0;

    bool operator==(const Holder&) const = default;
};

/// What happened in a run so far, and how it fared with those who held it.
struct RunRecord {
    Holder holder;
    std::vector<Event> events;
    int failures = 0;          ///< holders that neither told the run's end nor handed it back
    bool handed_back = false;  ///< by this holder
};

/// What came of an item.
struct Outcome {
    Holder holder;
    ItemResult result;
};

/// What was spent on an item and counts for nothing: another worker's result did.
struct Waste {
    Holder holder;
    RunTotals totals;
    std::string reason;
};

/// What a batch says every two seconds, and at once when something changes.
struct Beat {
    std::vector<std::string> workers;  ///< those that serve it: number i of so many uses its part of the rate limits
    bool cancelled = false;            ///< no call may go on
    bool done = false;                 ///< there is nothing left to do

    bool operator==(const Beat&) const = default;
};

/// What a worker says of itself to a batch.
struct News {
    std::string worker;
    int slots = 0;
    int busy = 0;
    std::string refusal;  ///< why it does not serve the batch; empty: it does
    bool leaving = false;

    bool operator==(const News&) const = default;
};

std::string to_text(const BatchNotice& notice);
std::string to_text(const Job& job);
std::string to_text(const RunRecord& record);
std::string to_text(const Outcome& outcome);
std::string to_text(const Waste& waste);
std::string to_text(const Beat& beat);
std::string to_text(const News& news);

BatchNotice read_notice(std::string_view text);
Job read_job(std::string_view text);
RunRecord read_record(std::string_view text);
Outcome read_outcome(std::string_view text);
Waste read_waste(std::string_view text);
Beat read_beat(std::string_view text);
News read_news(std::string_view text);

}  // namespace enough::fleet
