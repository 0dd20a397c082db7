#pragma once

#include "telemetry/call_book.hpp"
#include "telemetry/run_metrics.hpp"

#include <enough/orchestrator/event.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace enough {

/// What one run adds to the metrics.
class MeteredRun final : public EventSink {
public:
    MeteredRun(RunMetrics& metrics, std::shared_ptr<const Workflow> workflow);
    /// A run that ends without saying so (a fault of ours) is none in flight either.
    ~MeteredRun() override;

    void on(const Event& event) override;

private:
    struct Asked {
        std::string model;
        std::string agent;
        std::optional<GatePlace> gate;  ///< that may judge it, if it begins a chain
    };
    struct Told;  ///< what each event means

    void count(const EndedCall& call);

    RunMetrics& metrics_;
    std::shared_ptr<const Workflow> workflow_;
    CallBook book_;
    std::map<GatePlace, const Gate*> gates_;
    std::map<CallId, Asked> asked_;  ///< without a verdict so far
    std::map<ToolUseId, std::pair<std::string, std::string>> tools_;
    bool ended_ = false;
};

}  // namespace enough
