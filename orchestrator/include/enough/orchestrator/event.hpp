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
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace enough {

/// Numbers the calls of one run, from 1, in the order in which they were requested.
using CallId = std::uint32_t;

/// Time since the run began.
using RunTime = std::chrono::duration<double, std::milli>;

// What comes from outside: the facts a run is folded from.

struct RunStarted {
    static constexpr int current_version = 1;
    int version = current_version;  ///< of the event format
    std::string workflow;
    std::string workflow_hash;
    std::string started;    ///< wall clock, RFC 3339, UTC
    nlohmann::json inputs;  ///< complete, defaults filled in
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

// What the engine concludes from them: recomputed when the facts are folded again.

struct StepStarted {
    std::string step;
};

struct CallRequested {
    CallId call = 0;
    std::string step;
    std::string agent;
    std::string model;
    std::size_t rung = 0;  ///< from 0
    int chain_step = 1;    ///< from 1
    int chain_length = 1;
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
                               StepStarted, CallRequested, CallJudged, CallGivenUp, StepFinished, RunFinished>;

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
