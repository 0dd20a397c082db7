#pragma once

#include <enough/orchestrator/budget.hpp>
#include <enough/orchestrator/event.hpp>
#include <enough/orchestrator/status.hpp>
#include <enough/workflows/workflow.hpp>

#include <nlohmann/json.hpp>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace enough {

/// One call of a run: what was asked, what came back and what was made of it.
struct CallRecord {
    CallId id = 0;
    std::size_t step = 0;  ///< index into the workflow's steps
    std::string agent;
    std::string model;
    std::size_t rung = 0;
    int chain_step = 1;
    int chain_length = 1;
    bool in_flight = true;
    bool abort_requested = false;
    RunTime requested{};
    Reservation reservation;
    std::optional<std::int64_t> max_tokens;

    bool answered = false;
    std::string text;
    std::optional<std::string> answer;  ///< the extracted value
    FinishReason finish_reason = FinishReason::other;
    Usage usage;
    double usd = 0;
    std::optional<RunTime> latency;
    std::optional<RunTime> first_token;

    std::optional<EvidenceSummary> evidence;
    std::string signal;                  ///< name of the gate's signal; empty without a gate
    std::optional<Judgement> judgement;  ///< absent: in flight, failed or aborted
    std::string reason;                  ///< the verdict's reason, or why there is no verdict

    bool stopped_early() const { return finish_reason == FinishReason::stopped_early; }
    bool operator==(const CallRecord&) const = default;
};

/// Where a ladder stands.
struct LadderState {
    std::size_t rung = 0;
    int chain_step = 1;
    std::string question;               ///< the step's prompt, rendered
    std::vector<Message> asked;         ///< messages of the call in flight
    std::vector<Message> conversation;  ///< up to and including the last whole answer
    bool operator==(const LadderState&) const = default;
};

struct StepState {
    Status status = Status::queued;
    LadderState ladder;
    std::vector<CallId> calls;
    std::optional<CallId> chosen;  ///< the call whose answer the step gives
    std::string error;             ///< why it failed, is over budget or was cancelled
    bool operator==(const StepState&) const = default;
};

/// Everything a run knows. A value: folding the same facts gives an equal one.
struct RunState {
    std::shared_ptr<const Workflow> workflow;
    std::string run_id;
    std::string started;  ///< wall clock, RFC 3339
    RunTime now{};        ///< of the last fact
    std::uint64_t events = 0;
    Status status = Status::queued;
    Status ending = Status::running;  ///< the final status decided on, while calls are still being stopped
    std::vector<StepState> steps;
    std::deque<CallRecord> calls;  ///< call n is calls[n-1]; a deque, so that references to calls stay valid
    Budget budget;
    nlohmann::json context;  ///< what expressions see: {"inputs": …, "steps": …}
    std::optional<std::string> output;
    std::optional<std::string> error;

    RunState() = default;  ///< no run at all
    RunState(std::shared_ptr<const Workflow> checked, std::string id);

    CallRecord& call(CallId id) { return calls.at(id - 1); }
    const CallRecord& call(CallId id) const { return calls.at(id - 1); }
    bool anything_in_flight() const;
    bool operator==(const RunState&) const = default;
};

}  // namespace enough
