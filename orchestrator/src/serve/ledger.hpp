#pragma once

#include <enough/orchestrator/event.hpp>
#include <enough/workflows/workflow.hpp>

#include <chrono>
#include <cstdint>
#include <optional>

namespace enough {

/// What somebody may use in a day (UTC) or in all. A run reserves what it may use at most before it begins and is
/// settled with what it has used, so that runs at the same time can't spend the same money twice. Pure bookkeeping.
class Ledger {
public:
    enum class Period { day, ever };
    using Time = std::chrono::system_clock::time_point;

    Ledger(RunAllowance limits, Period period) : limits_(limits), period_(period) {}

    /// What a run may still use; nothing at all is 0, no bound is absent.
    RunAllowance left(Time now);

    /// Used up by runs that have ended, not merely reserved by those in flight.
    bool spent(Time now);

    void reserve(const RunAllowance& allowance);
    void settle(const RunAllowance& reserved, std::int64_t tokens, double usd, Time now);

    /// Other limits from now on; what has been used stays used.
    void limit(RunAllowance limits) { limits_ = limits; }
    const RunAllowance& limits() const { return limits_; }

    /// Until a new day begins.
    static std::chrono::seconds until_tomorrow(Time now);

private:
    void turn_page(Time now);

    RunAllowance limits_;
    Period period_;
    std::chrono::sys_days day_{};
    double used_usd_ = 0;
    std::int64_t used_tokens_ = 0;
    double reserved_usd_ = 0;
    std::int64_t reserved_tokens_ = 0;
};

/// The smaller of each.
RunAllowance least(const RunAllowance& a, const RunAllowance& b);

/// Nothing may be used.
bool exhausted(const RunAllowance& allowance);

}  // namespace enough
