#pragma once

#include <enough/agents/agent.hpp>
#include <enough/agents/answer.hpp>
#include <enough/agents/failure.hpp>
#include <enough/orchestrator/status.hpp>
#include <enough/policies/evidence.hpp>
#include <enough/policies/gate.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace enough {

/// Numbers the calls of one run, from 1, in the order in which they were requested.
using CallId = std::uint32_t;

/// The same for tools called, questions to people and timers.
using ToolUseId = std::uint32_t;
using ApprovalId = std::uint32_t;
using TimerId = std::uint32_t;

/// Time since the run began.
using RunTime = std::chrono::duration<double, std::milli>;

// What comes from outside: the facts a run is folded from.

/// What a run may use at most beside its workflow's own limits: what was left to whoever started it.
struct RunAllowance {
    std::optional<double> usd = {};
    std::optional<std::int64_t> tokens = {};

    bool operator==(const RunAllowance&) const = default;
};

struct RunStarted {
    static constexpr int current_version = 1;
    int version = current_version;  ///< of the event format
    std::string workflow;
    std::string workflow_hash;
    std::string started;                                 ///< wall clock, RFC 3339, UTC
    nlohmann::json inputs;                               ///< complete, defaults filled in
    std::map<std::string, std::vector<ToolSpec>> tools;  ///< what each server of tools offers, by its key
    std::optional<std::string> tools_error;              ///< a server that can't say what it offers: the run fails
    Sampling sampling = {};  ///< what whoever started the run set anew, of what `Workflow::allowed` allows
    RunAllowance allowance = {};
    /// The run makes no more calls than this before it is granted more (`CallsGranted`); absent: as many as it likes.
    std::optional<int> granted_calls = {};
};

struct CallAnswered {
    CallId call = 0;
    Answer answer;
    std::optional<EvidenceSummary> evidence;  ///< absent if none was asked for
};

struct CallFailed {
    CallId call = 0;
    FailureKind kind = FailureKind::server_error;
    std::string message;
    Usage spent;
};

/// A call that was told to stop has stopped; its socket is closed.
struct CallAborted {
    CallId call = 0;
    Usage spent;
};

struct TimeExpired {};

struct CancelRequested {};

/// A call's agent wants to send its request once more. What comes of it is decided at once: `AttemptDecided`.
struct AttemptRequested {
    CallId call = 0;
    AttemptKind kind = AttemptKind::retry;
    Usage spent;  ///< of the attempts that failed since the last question
    std::string reason;
};

/// A tool has been called, or could not be.
struct ToolReturned {
    ToolUseId use = 0;
    ToolResult result;
};

/// A person has answered.
struct ApprovalGiven {
    ApprovalId approval = 0;
    bool approved = false;
    std::string by;
    std::string comment;
};

struct TimerFired {
    TimerId timer = 0;
};

/// A run that was begun with a number of calls may make so many in all from now on.
struct CallsGranted {
    int calls = 0;
};

/// Whoever started the run pays for no further call: the ladder ends with what it has.
struct CallsEnded {
    std::string reason;
};

// What the engine concludes from them: recomputed when the facts are folded again.

struct StepStarted {
    std::string step;
};

/// What a call is for.
enum class CallPurpose {
    answer,  ///< to answer the step's question
    judge,   ///< to choose among a panel's answers
    fuse,    ///< to make one answer of them
    gate,    ///< to say how good an answer is: `signal: judge`
};
std::string_view name(CallPurpose purpose);
std::optional<CallPurpose> call_purpose_named(std::string_view name);

/// `step` is a path: `solve`; inside others `topics[3]`, `topics[3].draft`, `polish[2]` (loops count from 1),
/// `sub.solve`.
struct CallRequested {
    CallId call = 0;
    std::string step;
    std::string agent;
    std::string model;
    std::size_t rung = 0;  ///< from 0
    int chain_step = 1;    ///< from 1
    int chain_length = 1;
    CallPurpose purpose = CallPurpose::answer;
    std::optional<std::size_t> member;  ///< of a panel, from 0; its `chain_step` is the round
    std::vector<Message> messages;
    Sampling sampling;
};

struct CallJudged {
    CallId call = 0;
    Judgement judgement;
    std::string signal;                 ///< name of the gate's signal; empty without a gate
    std::optional<std::string> answer;  ///< the extracted value
};

/// A call failed, and what follows from it.
struct CallGivenUp {
    CallId call = 0;
    std::string reason;
};

struct AttemptDecided {
    CallId call = 0;
    bool granted = false;
    std::string reason;
};

/// An answer that is not the last word: it calls tools, or breaks the schema and is asked for once more.
struct CallContinued {
    CallId call = 0;
    std::string reason;
};

/// Nobody needs the answer any more: the call is being aborted, and what it uses is waste.
struct CallSetAside {
    CallId call = 0;
    std::string reason;
};

/// A panel's member has answered.
struct BallotCast {
    CallId call = 0;
    std::optional<std::string> answer;  ///< the extracted value; absent: it does not vote
    std::string reason;
};

/// What a panel came to.
struct PanelDecided {
    std::string step;
    std::size_t rung = 0;
    int round = 1;
    std::string reason;  ///< how it was decided
    std::optional<CallId> chosen;
    std::optional<std::string> answer;
    std::size_t answers = 0;  ///< with a value
    double share = 0;
    double posterior = 0;
    Judgement judgement;
    std::string signal;  ///< of its gate; empty without one
};

struct ToolRequested {
    ToolUseId use = 0;
    CallId call = 0;
    std::string server;
    std::string tool;
    std::string arguments;
};

struct ApprovalRequested {
    ApprovalId approval = 0;
    std::string step;
    std::string message;
};

/// A step failed and is begun again.
struct StepRetried {
    std::string step;
    int attempt = 1;  ///< the one to come
    std::string reason;
};

/// The run will be told when its time has come to this.
struct TimerSet {
    TimerId timer = 0;
    std::string step;
    RunTime until{};
};

struct StepFinished {
    std::string step;
    Status status = Status::accepted;
    std::optional<std::string> answer;
    std::string reason;
};

struct RunFinished {
    Status status = Status::accepted;
    std::optional<std::string> output;
    std::optional<std::string> error;
};

using EventBody = std::variant<RunStarted, CallAnswered, CallFailed, CallAborted, TimeExpired, CancelRequested,
                               AttemptRequested, ToolReturned, ApprovalGiven, TimerFired, CallsGranted,
                               CallsEnded,  // facts up to here
                               StepStarted, CallRequested, CallJudged, CallGivenUp, AttemptDecided, CallContinued,
                               CallSetAside, BallotCast, PanelDecided, ToolRequested, ApprovalRequested, StepRetried,
                               TimerSet, StepFinished, RunFinished>;

/// Something that happened in a run.
struct Event {
    std::string run_id;
    std::uint64_t number = 0;  ///< from 1, without gaps
    RunTime at{};
    EventBody body;
};

/// Did it come from outside? Folding a run's facts in order gives its state and all its other events again.
bool is_fact(const EventBody& body);

std::string_view type_name(const EventBody& body);

/// One line of an event log, and back. `event_from_json` throws `std::invalid_argument` for anything that is not an
/// event of a known version; it never trusts sizes or types.
nlohmann::json to_json(const Event& event);
Event event_from_json(const nlohmann::json& json);

/// Text of an answer as it arrives: for people who watch. Not an event: it is not logged and decides nothing.
struct CallDelta {
    CallId call = 0;
    Phase phase = Phase::answer;
    std::string_view text;
    std::int64_t tokens = 0;             ///< with evidence seen so far
    std::optional<double> entropy_mean;  ///< bits, so far
    bool restart = false;                ///< what came before belongs to no answer: the call starts over
};

/// Listens to a run: log file, metrics, live stream, progress bar. Called on the run's strand, in order; must not block
/// and must not throw.
class EventSink {
public:
    virtual ~EventSink() = default;
    virtual void on(const Event& event) = 0;
    virtual void on_delta(const CallDelta& /*delta*/) {}
    /// A token with its evidence, as it arrives; valid during the call only.
    virtual void on_token(CallId /*call*/, const Token& /*token*/) {}
};

}  // namespace enough
