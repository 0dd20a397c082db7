#pragma once

#include <enough/orchestrator/budget.hpp>
#include <enough/orchestrator/event.hpp>
#include <enough/orchestrator/status.hpp>
#include <enough/workflows/workflow.hpp>

#include <nlohmann/json.hpp>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace enough {

/// Steps that run together are a frame: those of the workflow (frame 0), of each pass of a `for_each` or `loop`, of a
/// `switch`'s case, of a sub-workflow.
using FrameId = std::size_t;

/// A step of a frame.
struct Place {
    FrameId frame = 0;
    std::size_t step = 0;
    bool operator==(const Place&) const = default;
};

/// One call of a run: what was asked, what came back and what was made of it.
struct CallRecord {
    CallId id = 0;
    Place place;
    std::string agent;
    std::string model;  ///< its key
    CallPurpose purpose = CallPurpose::answer;
    std::size_t rung = 0;
    int chain_step = 1;  ///< of a panel's member: the round
    int chain_length = 1;
    std::optional<std::size_t> member;  ///< of a panel
    bool in_flight = true;
    bool abort_requested = false;
    bool wasted = false;  ///< set aside: what it used bought nothing
    RunTime requested{};
    PurseId purse = Purses::whole_run;
    Reservation reservation;  ///< of one attempt
    int reserved_attempts = 1;
    int attempts = 1;
    bool fell_back = false;  ///< another model was asked, too: it costs what the dearest of them does
    Usage booked;            ///< of failed attempts, committed already
    double booked_usd = 0;
    std::optional<std::int64_t> max_tokens;

    bool answered = false;
    std::string answered_by;            ///< the fallback's name, if another model did
    bool cached = false;                ///< the answer was known: nothing was asked
    std::string text;                   ///< until its step is done
    std::optional<std::string> answer;  ///< the extracted value
    FinishReason finish_reason = FinishReason::other;
    Usage usage;
    double usd = 0;
    std::optional<RunTime> latency;
    std::optional<RunTime> first_token;

    std::optional<EvidenceSummary> evidence;
    std::string signal;                  ///< name of the gate's signal; empty without a gate
    std::optional<Judgement> judgement;  ///< absent: in flight, failed, aborted, or not for it alone to be judged
    std::string reason;                  ///< the verdict's reason, or why there is no verdict

    bool stopped_early() const { return finish_reason == FinishReason::stopped_early; }
    /// Written to its end, with the wanted value in it.
    bool whole() const {
        return answer.has_value() && (finish_reason == FinishReason::stop || finish_reason == FinishReason::other);
    }
    bool operator==(const CallRecord&) const = default;
};

/// A question put to one agent, until its last word: calls of tools and one repair of the answer's form included.
struct Exchange {
    std::vector<Message> messages;           ///< of the call in flight
    std::optional<CallId> call;              ///< the latest
    std::optional<SignalSettings> evidence;  ///< what is measured of its answers
    int tool_rounds = 0;
    bool repaired = false;
    struct Use {
        ToolUseId id = 0;
        std::string call_id;  ///< the model's own
        std::optional<ToolResult> result;
        bool operator==(const Use&) const = default;
    };
    std::vector<Use> uses;  ///< tools being called
    bool operator==(const Exchange&) const = default;
};

/// A place at a panel's table.
struct Seat {
    std::string agent;
    Exchange exchange;
    bool asked = false;                 ///< in this round
    bool done = false;                  ///< in this round
    std::optional<CallId> answer;       ///< its latest whole answer
    std::vector<Message> conversation;  ///< up to and including that
    bool operator==(const Seat&) const = default;
};

struct PanelState {
    int round = 1;
    std::vector<Seat> seats;
    std::vector<std::size_t> arrived;  ///< seats, in the order in which they were done in this round
    std::optional<double> bar;         ///< DeepConf's
    std::string settled;               ///< why no more answers are waited for
    Exchange referee;
    bool refereed = false;  ///< the referee has been asked
    struct Round {
        std::optional<std::string> leader;
        double share = 0;
        double posterior = 0;
        std::vector<std::optional<std::string>> answers;  ///< by seat
        bool operator==(const Round&) const = default;
    };
    std::vector<Round> rounds;  ///< done
    bool operator==(const PanelState&) const = default;
};

/// An answer that a rung came to.
struct RungAnswer {
    CallId call = 0;
    std::size_t rung = 0;
    Signal signal = Signal::entropy_mean;
    std::optional<double> sureness;  ///< the signal's value; absent: not whole, or no sound evidence
    bool operator==(const RungAnswer&) const = default;
};

/// A call that is not made before the run is granted another one.
struct AwaitedCall {
    std::string agent;
    int chain_step = 1;
    int chain_length = 1;
    std::string signal;
    std::optional<SignalSettings> evidence;
    std::vector<Message> messages;
    bool operator==(const AwaitedCall&) const = default;
};

/// Where a ladder stands.
struct LadderState {
    std::size_t rung = 0;
    int chain_step = 1;
    std::string question;               ///< the step's prompt, rendered
    Exchange exchange;                  ///< of an agent's rung
    std::vector<Message> conversation;  ///< up to and including the last whole answer
    Exchange verdict;                   ///< with the agent that says how good an answer is
    std::optional<CallId> weighed;      ///< the answer it is asked about
    std::optional<PanelState> panel;    ///< of a panel's rung
    std::vector<RungAnswer> answers;    ///< so far, in order
    std::optional<CallId> standing;     ///< what a following rung is told of
    std::string standing_text;
    std::optional<AwaitedCall> awaited;  ///< of a run whose granted calls are used up
    bool operator==(const LadderState&) const = default;
};

/// What became of a panel, for the report.
struct PanelOutcome {
    std::size_t rung = 0;
    PanelDecided decided;
    Aggregate aggregate = Aggregate::majority;
    struct Answer {
        std::optional<std::string> answer;
        CallId call = 0;
        double share = 0;
        double weight = 0;
        bool operator==(const Answer&) const = default;
    };
    std::vector<Answer> answers;
    std::vector<PanelState::Round> rounds;
    bool operator==(const PanelOutcome& other) const {
        return rung == other.rung && aggregate == other.aggregate && answers == other.answers && rounds == other.rounds;
    }
};

struct StepState {
    Status status = Status::queued;
    int attempt = 1;
    bool tolerated = false;  ///< it failed and the run goes on all the same
    LadderState ladder;
    std::vector<CallId> calls;
    std::optional<CallId> chosen;  ///< the call whose answer the step gives
    std::vector<PanelOutcome> panels;
    std::vector<FrameId> frames;          ///< passes, the case, the sub-workflow
    std::vector<FrameId> earlier_frames;  ///< of attempts that failed
    nlohmann::json items;                 ///< of `for_each`: what it goes over, while it does
    std::size_t open_frames = 0;
    std::optional<ApprovalId> approval;
    PurseId purse = Purses::whole_run;

    // What the rest of the run may refer to.
    std::optional<std::string> text;
    std::optional<std::string> answer;
    std::optional<std::string> agent;
    std::string error;  ///< why it failed, is over budget or was cancelled
    bool operator==(const StepState&) const = default;
};

struct Frame {
    std::shared_ptr<const Workflow> workflow;  ///< whose agents and models its steps name
    const std::vector<Step>* definitions = nullptr;
    std::optional<Place> parent;  ///< the step that it belongs to
    std::size_t index = 0;        ///< of a pass, from 0
    std::string path;             ///< before the ids of its steps: empty, `topics[3]`
    bool in_place = false;        ///< its one step is the parent's body: `path` is the step's own path
    PurseId purse = Purses::whole_run;
    Status status = Status::running;
    Status ending = Status::running;  ///< the final status decided on
    std::vector<StepState> steps;
    nlohmann::json context;  ///< what expressions see: {"inputs": …, "steps": …}; empty once it has ended
    std::optional<std::string> output;
    std::optional<std::string> error;

    bool operator==(const Frame&) const = default;
};

/// Something that will happen at a time, unless its step ends before.
struct Timer {
    enum class Purpose { step_timeout, step_retry, sub_time };
    Place place;
    int attempt = 1;
    Purpose purpose = Purpose::step_timeout;
    bool operator==(const Timer&) const = default;
};

/// A tool being called.
struct ToolUse {
    CallId call = 0;
    bool open = true;
    bool operator==(const ToolUse&) const = default;
};

/// A question to a person.
struct PendingApproval {
    Place place;
    bool open = true;
    bool operator==(const PendingApproval&) const = default;
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
    std::deque<Frame> frames;         ///< frame 0: the workflow's own steps; deques, so that references stay valid
    std::deque<CallRecord> calls;     ///< call n is calls[n-1]
    std::size_t in_flight = 0;        ///< calls
    std::deque<ToolUse> tool_uses;
    std::deque<PendingApproval> approvals;
    std::deque<Timer> timers;
    Purses purses;
    Sampling sampling;                      ///< what this run sets anew for its workflow's agents
    std::map<PurseId, Place> purse_owners;  ///< the step whose own purse it is; the whole run's has none
    Usage wasted;                           ///< by calls that nobody needed in the end
    int wasted_calls = 0;
    double wasted_usd = 0;
    std::map<std::string, std::vector<ToolSpec>> tools;
    std::optional<int> granted_calls;        ///< absent: as many as it likes
    std::optional<std::string> calls_ended;  ///< why there will be no further call; absent: there may be
    std::optional<std::string> output;
    std::optional<std::string> error;

    RunState() = default;  ///< no run at all
    RunState(std::shared_ptr<const Workflow> checked, std::string id);

    CallRecord& call(CallId id) { return calls.at(id - 1); }
    const CallRecord& call(CallId id) const { return calls.at(id - 1); }
    Frame& root() { return frames.front(); }
    const Frame& root() const { return frames.front(); }
    std::vector<StepState>& steps() { return root().steps; }
    const std::vector<StepState>& steps() const { return root().steps; }
    StepState& step(Place place) { return frames.at(place.frame).steps.at(place.step); }
    const StepState& step(Place place) const { return frames.at(place.frame).steps.at(place.step); }
    const Step& definition(Place place) const { return frames.at(place.frame).definitions->at(place.step); }
    /// `topics[3].draft`
    std::string path(Place place) const;
    const Budget& budget() const { return purses.at(Purses::whole_run); }
    bool anything_in_flight() const { return in_flight > 0; }
    bool operator==(const RunState&) const = default;
};

}  // namespace enough
