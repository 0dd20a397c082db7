#pragma once

#include <enough/agents/agent.hpp>
#include <enough/orchestrator/event.hpp>
#include <enough/orchestrator/step.hpp>
#include <enough/policies/evidence.hpp>

#include <cstdint>
#include <optional>
#include <vector>

namespace enough {

/// Watches one call: measures its evidence as it streams, stops it when its verdict is settled, and lets people see it.
class CallWatch : public AnswerSink {
public:
    CallWatch(const Ask& ask, const std::vector<EventSink*>& listeners);

    Flow on_token(const Token& token) override;
    void on_text(Phase phase, std::string_view text) override;
    void on_restart() override;

    /// What was measured; absent if no evidence was wanted.
    std::optional<EvidenceSummary> evidence() const;

    /// What the call has used up at least, for one that never came to its end.
    Usage spent_so_far() const;

private:
    void tell(CallDelta delta) const;

    CallId call_;
    std::optional<SignalSettings> settings_;
    std::optional<EvidenceAccumulator> evidence_;
    std::optional<EarlyStop> stop_early_;
    const std::vector<EventSink*>& listeners_;
    std::int64_t input_tokens_;
    std::int64_t tokens_ = 0;
    std::int64_t texts_ = 0;
    std::int64_t lost_ = 0;  ///< of earlier attempts
};

}  // namespace enough
