#pragma once

#include <enough/orchestrator/event.hpp>
#include <enough/workflows/workflow.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace enough {

/// What a call came to that has ended, one way or another.
struct EndedCall {
    CallId call = 0;
    std::string model;  ///< its key
    std::string agent;
    Usage used;      ///< by all attempts
    double usd = 0;  ///< 0 also where no price is known
    bool priced = false;
    bool unwanted = false;  ///< aborted or set aside
    std::int64_t attempts = 1;
};

/// Keeps account of a run's calls by its events, as the run itself does.
class CallBook {
public:
    explicit CallBook(const Workflow& workflow);

    /// To be told every event, in order. What has ended with this one, if it is a call.
    std::optional<EndedCall> on(const Event& event);

    struct OpenCall {
        std::string model;
        std::string agent;
        Usage booked;                                ///< of failed attempts, as far as they were told
        AttemptKind asked_for = AttemptKind::retry;  ///< of the latest further attempt
        std::int64_t attempts = 1;
        bool fell_back = false;
        bool unwanted = false;
    };
    /// Of a call in flight; null for others.
    const OpenCall* open(CallId call) const;
    const std::map<CallId, OpenCall>& all_open() const { return open_; }

private:
    struct Prices {
        std::optional<Price> own;
        std::optional<Price> dearest;  ///< of it and its fallbacks: what is booked when another one was asked
    };

    void add_prices(const Workflow& workflow);
    OpenCall* find(CallId call);
    std::optional<EndedCall> end(CallId call, const Usage& account);

    std::map<std::string, Prices> prices_;
    std::map<CallId, OpenCall> open_;
};

}  // namespace enough
