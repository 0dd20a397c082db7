#pragma once

#include "telemetry/log.hpp"

namespace enough {

/// A line at the end of each run.
class RunLog final : public RunObserver {
public:
    /// `log` must outlive it.
    explicit RunLog(Log& log) : log_(log) {}

    std::unique_ptr<EventSink> follow(const ObservedRun& run) override;

private:
    Log& log_;
};

}  // namespace enough
