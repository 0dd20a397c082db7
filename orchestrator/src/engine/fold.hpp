#pragma once

#include <enough/orchestrator/step.hpp>

#include <string>
#include <vector>

namespace enough {

/// One fold of one fact: the state it changes and the actions it leads to.
class Fold {
public:
    Fold(RunState& run, std::vector<Action>& actions) : state(run), actions_(actions) {}

    RunState& state;

    const Workflow& workflow() const { return *state.workflow; }
    const Step& definition(std::size_t step) const { return workflow().steps.at(step); }

    void emit(EventBody body);
    void act(Action action) { actions_.push_back(std::move(action)); }

private:
    std::vector<Action>& actions_;
};

// engine/ladder.cpp: one step's rungs and chains

/// Begins the step's ladder: its first call, or the reason why it can't be made.
void begin_ladder(Fold& fold, std::size_t step);

/// An answer came for a call of a ladder: judge it and go on.
void on_answer(Fold& fold, CallRecord& call, const CallAnswered& fact);

/// A call of a ladder failed after all retries.
void on_failure(Fold& fold, CallRecord& call, const std::string& message);

// engine/schedule.cpp: which step comes next, and how the run ends

/// Starts every step whose needs are done; finishes the run when none is left.
void advance(Fold& fold);

/// A step has come to its end. Expressions see it from now on.
void finish_step(Fold& fold, std::size_t step, Status status, const std::string& reason);

/// Ends the run before its steps are done: no new calls, those in flight are aborted, and when the last of them has
/// reported the run is finished with `status`.
void end_run(Fold& fold, Status status, const std::string& why);

/// `limits.time` is used up, in words.
std::string time_spent(std::chrono::milliseconds limit);

/// If the run is ending and nothing is in flight any more: finishes it.
void finish_if_ended(Fold& fold);

// engine/conversation.cpp: what an agent is told

/// The messages of a rung's first call.
std::vector<Message> first_turn(const Fold& fold, std::size_t step, const AgentRung& rung);

/// The conversation so far with the request to refine its last answer.
std::vector<Message> refine_turn(const LadderState& ladder, const std::string& prompt);

/// What the rest of a run may refer to of a step: {"text": …, "answer": …, …}.
nlohmann::json step_context(const RunState& state, std::size_t step);

}  // namespace enough
