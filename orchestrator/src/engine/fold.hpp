#pragma once

#include <enough/orchestrator/step.hpp>

#include <deque>
#include <string>
#include <vector>

namespace enough {

/// One fold of one fact: the state it changes and the actions it leads to.
class Fold {
public:
    Fold(RunState& run, std::vector<Action>& actions) : state(run), actions_(actions) {}

    RunState& state;

    const Workflow& workflow(Place place) const { return *state.frames.at(place.frame).workflow; }
    const Step& definition(Place place) const { return state.definition(place); }
    const Ladder& ladder(Place place) const { return std::get<Ladder>(definition(place).body); }
    StepState& step(Place place) { return state.step(place); }
    LadderState& ladder_state(Place place) { return state.step(place).ladder; }
    PanelState& panel_state(Place place) { return state.step(place).ladder.panel.value(); }
    nlohmann::json& context(Place place) { return state.frames.at(place.frame).context; }

    void emit(EventBody body);
    void act(Action action) { actions_.push_back(std::move(action)); }

    /// Frames in which something may begin or end now. Worked off one by one, so that nothing recurs however long a
    /// list is.
    std::deque<FrameId> touched;

private:
    std::vector<Action>& actions_;
};

// engine/exchange.cpp: one question to one agent, until its last word

/// What a call is asked with, beside the agent's own settings.
struct CallOrder {
    Place place;
    std::string agent;
    CallPurpose purpose = CallPurpose::answer;
    int chain_step = 1;
    int chain_length = 1;
    std::optional<std::size_t> member;
    std::string signal;
    std::optional<SignalSettings> evidence;
};

/// Puts `messages` to an agent. False: it is not granted, or the budget does not allow it, and
/// what follows from that has happened.
bool ask(Fold& fold, const CallOrder& order, std::vector<Message> messages);

// engine/call_by_call.cpp: runs that are granted their calls one by one

/// May this call be made? False: it waits to be granted, or the calls have ended and so has the ladder.
bool is_granted(Fold& fold, const CallOrder& order, std::vector<Message>& messages);
void on_calls_granted(Fold& fold, int calls);
void on_calls_ended(Fold& fold, const std::string& reason);

// engine/exchange.cpp

/// An answer came: calls tools, asks for a repair, or hands the answer to whom it is for.
void on_answer(Fold& fold, CallRecord& call, const CallAnswered& fact);

/// A call failed after all its attempts.
void on_failure(Fold& fold, CallRecord& call, const std::string& message);

void on_tool_result(Fold& fold, ToolUseId use, const ToolResult& result);

/// What a gate must know of an answer.
CallFacts facts_of(const Fold& fold, const CallRecord& call, const Answer& answer);

/// Tools that an exchange waits for are waited for no more.
void abandon(Fold& fold, Exchange& exchange);

/// Tells a call to stop: nobody needs what it would say.
void set_aside(Fold& fold, CallRecord& call, const std::string& reason);

// engine/chain.cpp: an agent's rung

void begin_chain(Fold& fold, Place place);
void on_chain_answer(Fold& fold, CallRecord& call, const Answer& answer);
void on_gate_answer(Fold& fold, CallRecord& call);
void on_gate_failure(Fold& fold, CallRecord& call, const std::string& message);

/// What may stop a call of a chain while it is written.
std::optional<EarlyStop> chain_stop(const Fold& fold, const CallRecord& call);

// engine/panel.cpp: a panel's rung

void begin_panel(Fold& fold, Place place);
void on_member_done(Fold& fold, CallRecord& call, const Answer* answer);
void on_referee_done(Fold& fold, CallRecord& call, const Answer* answer);
std::optional<EarlyStop> member_stop(const Fold& fold, const CallRecord& call);

// engine/ladder.cpp: rung after rung

/// Begins the step's ladder: its first call, or the reason why it can't be made.
void begin_ladder(Fold& fold, Place place);

/// The rung's answer was not good enough, or there is none: the next rung, or the end.
void climb(Fold& fold, Place place);

/// Ends the ladder without acceptance: the step gives what `on_exhausted` says.
void exhausted(Fold& fold, Place place, const std::string& reason);

/// The step has its answer.
void accept(Fold& fold, Place place, CallId chosen, const std::string& reason);

/// A rung failed altogether: the next one, or the step has failed.
void rung_failed(Fold& fold, Place place, const std::string& reason);

// engine/nested.cpp: steps made of steps

void begin_nested(Fold& fold, Place place);
void on_frame_ended(Fold& fold, FrameId frame);
void begin_approval(Fold& fold, Place place);
void on_approval(Fold& fold, const ApprovalGiven& fact);

// engine/schedule.cpp: which step comes next, and how frames and the run end

/// Starts every step of the touched frames whose needs are done, and ends those frames where none is left.
void advance(Fold& fold);

/// A step has come to its end, or to a further attempt. Expressions see it from now on.
void finish_step(Fold& fold, Place place, Status status, const std::string& reason);

/// Ends the run before its steps are done: no new calls, those in flight are aborted, and when the last of them has
/// reported the run is finished with `status`.
void end_run(Fold& fold, Status status, const std::string& why);

/// A limit has been reached: ends what the purse belongs to.
void over_budget(Fold& fold, PurseId purse, const std::string& why);

/// Books what was really used against the limits; true if one of them is broken, and the consequences have followed.
bool broke_a_limit(Fold& fold, const CallRecord& call);

/// A smaller purse for a step, inside the one that the step has so far.
PurseId open_purse(Fold& fold, Place place, const RunLimits& limits);

void on_timer(Fold& fold, TimerId timer);
void set_timer(Fold& fold, Timer timer, RunTime until);

/// `limits.time` is used up, in words.
std::string time_spent(std::chrono::milliseconds limit);

/// If the run is ending and nothing is in flight any more: finishes it.
void finish_if_ended(Fold& fold);

// engine/conversation.cpp: what an agent is told

/// The messages of a rung's first call.
std::vector<Message> first_turn(Fold& fold, Place place, const std::string& agent, Handover handover);

/// The conversation so far with one more turn of the user's.
std::vector<Message> next_turn(const std::vector<Message>& conversation, const std::string& prompt);

/// What an agent alone is told.
std::vector<Message> sole_turn(const Fold& fold, Place place, const std::string& agent, std::string prompt);

// engine/context.cpp

/// What the rest of a run may refer to of a step: {"text": …, "answer": …, …}.
nlohmann::json step_context(const RunState& state, Place place);

}  // namespace enough
