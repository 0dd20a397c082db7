#include "engine/fold.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace enough {
namespace {

bool needs_done(const Fold& fold, Place place) {
    const auto& needs = fold.definition(place).needs;
    const auto& steps = fold.state.frames.at(place.frame).steps;
    return std::all_of(needs.begin(), needs.end(), [&](std::size_t need) { return is_final(steps.at(need).status); });
}

bool mentions_status(const Step& definition, std::string_view id) {
    if (!definition.when) return false;
    const auto paths = definition.when->paths();
    return std::any_of(paths.begin(), paths.end(), [&](const Path& path) {
        return path.size() == 3 && path[0] == "steps" && path[1] == id && path[2] == "status";
    });
}

/// A failed step does not end its frame if every step that needs it has a `when` that asks for its status.
bool failure_is_expected(const Fold& fold, Place failed) {
    bool expected = false;
    for (const Step& later : *fold.state.frames.at(failed.frame).definitions) {
        if (std::find(later.needs.begin(), later.needs.end(), failed.step) == later.needs.end()) continue;
        if (!mentions_status(later, fold.definition(failed).id)) return false;
        expected = true;
    }
    return expected;
}

void publish(Fold& fold, Place place) {
    fold.context(place)["steps"][fold.definition(place).id] = step_context(fold.state, place);
    fold.touched.push_back(place.frame);
}

/// The chosen call's text becomes the step's; nobody will ask for the others' any more.
void settle_texts(Fold& fold, StepState& step) {
    if (step.chosen) {
        const CallRecord& call = fold.state.call(*step.chosen);
        step.text = call.text;
        step.answer = call.answer;
        step.agent = call.agent;
    }
    for (const CallId id : step.calls)
        fold.state.call(id).text = std::string();
    step.ladder = {};
}

void begin_body(Fold& fold, Place place) {
    const Step& definition = fold.definition(place);
    const StepState& step = fold.step(place);
    if (definition.timeout)
        set_timer(fold, {place, step.attempt, Timer::Purpose::step_timeout},
                  fold.state.now + RunTime(*definition.timeout));
    if (std::holds_alternative<Ladder>(definition.body)) return begin_ladder(fold, place);
    if (std::holds_alternative<Approval>(definition.body)) return begin_approval(fold, place);
    begin_nested(fold, place);
}

void begin(Fold& fold, Place place) {
    const Step& definition = fold.definition(place);
    StepState& step = fold.step(place);
    if (definition.when && !truthy(definition.when->evaluate(fold.context(place)))) {
        step.status = Status::skipped;
        publish(fold, place);
        fold.emit(StepFinished{fold.state.path(place), Status::skipped, std::nullopt,
                               fmt::format("when: {} is false", definition.when->text())});
        return;
    }
    step.status = Status::running;
    step.purse = fold.state.frames.at(place.frame).purse;
    const RunLimits& limits = definition.limits;
    if (limits.usd || limits.tokens || limits.calls) step.purse = open_purse(fold, place, limits);
    fold.emit(StepStarted{fold.state.path(place)});
    begin_body(fold, place);
}

// What stands inside a step or frame that ends before it is done

bool is_inside(const RunState& run, FrameId inner, FrameId outer) {
    for (std::optional<FrameId> id = inner; id;) {
        if (*id == outer) return true;
        const auto& parent = run.frames.at(*id).parent;
        id = parent ? std::optional(parent->frame) : std::nullopt;
    }
    return false;
}

bool is_inside(const RunState& run, Place inner, Place outer) {
    for (std::optional<Place> place = inner; place; place = run.frames.at(place->frame).parent)
        if (*place == outer) return true;
    return false;
}

/// Ends what is under way at the places that `which` picks: calls are aborted, tools and people no longer waited for.
template <class Which>
void abort_calls(Fold& fold, const Which& which) {
    RunState& run = fold.state;
    std::size_t left = run.in_flight;
    std::vector<CallId> found;
    for (auto call = run.calls.rbegin(); call != run.calls.rend() && left > 0; ++call) {
        if (!call->in_flight) continue;
        --left;
        if (!call->abort_requested && which(call->place)) found.push_back(call->id);
    }
    for (auto id = found.rbegin(); id != found.rend(); ++id) {
        run.call(*id).abort_requested = true;
        fold.act(Abort{*id});
    }
    Forget forgotten;
    for (std::size_t i = 0; i < run.tool_uses.size(); ++i) {
        ToolUse& use = run.tool_uses[i];
        if (!use.open || !which(run.call(use.call).place)) continue;
        use.open = false;
        forgotten.tool_uses.push_back(static_cast<ToolUseId>(i + 1));
    }
    for (std::size_t i = 0; i < run.approvals.size(); ++i) {
        PendingApproval& approval = run.approvals[i];
        if (!approval.open || !which(approval.place)) continue;
        approval.open = false;
        forgotten.approvals.push_back(static_cast<ApprovalId>(i + 1));
    }
    if (!forgotten.tool_uses.empty() || !forgotten.approvals.empty()) fold.act(std::move(forgotten));
}

/// The steps of a frame that ends early. One that merely ran beside another that failed has not failed itself.
void stop_steps(Fold& fold, FrameId id, Status status, const std::string& why) {
    Frame& frame = fold.state.frames.at(id);
    const Status stopped = status == Status::failed ? Status::cancelled : status;
    for (std::size_t i = 0; i < frame.steps.size(); ++i) {
        StepState& step = frame.steps[i];
        if (step.status == Status::queued) step.status = Status::skipped;
        if (step.status != Status::running) continue;
        for (const FrameId inner : step.frames)
            if (fold.state.frames.at(inner).ending == Status::running) {
                stop_steps(fold, inner, status, why);
                fold.state.frames.at(inner).status = fold.state.frames.at(inner).ending = stopped;
                fold.state.frames.at(inner).context = nullptr;
            }
        step.status = stopped;
        step.error = why;
        settle_texts(fold, step);
        fold.emit(StepFinished{fold.state.path({id, i}), stopped, std::nullopt, why});
    }
}

/// Everything inside a step that stays.
void stop_inside(Fold& fold, Place place, Status status, const std::string& why) {
    for (const FrameId inner : fold.step(place).frames) {
        Frame& frame = fold.state.frames.at(inner);
        if (frame.ending != Status::running) continue;
        stop_steps(fold, inner, status, why);
        frame.status = frame.ending = status == Status::failed ? Status::cancelled : status;
        frame.context = nullptr;
    }
    abort_calls(fold, [&](Place inner) { return is_inside(fold.state, inner, place); });
    fold.step(place).open_frames = 0;
}

/// A frame ends before its steps are done, and with it what it belongs to.
void end_frame(Fold& fold, FrameId id, Status status, const std::string& why) {
    if (id == 0) return end_run(fold, status, why);
    Frame& frame = fold.state.frames.at(id);
    frame.ending = frame.status = status;
    frame.error = why;
    stop_steps(fold, id, status, why);
    abort_calls(fold, [&](Place inner) { return is_inside(fold.state, inner.frame, id); });
    on_frame_ended(fold, id);
    frame.context = nullptr;
}

// The end

void finish_run(Fold& fold, Status status) {
    RunState& run = fold.state;
    run.status = status;
    fold.emit(RunFinished{status, run.output, run.error});
    fold.act(Finish{});
}

/// The worst status among the steps the output was made of; any step that failed wins.
Status status_of_output(const Frame& frame, const std::vector<Path>& read) {
    bool unresolved = false;
    for (std::size_t i = 0; i < frame.steps.size(); ++i) {
        const StepState& step = frame.steps[i];
        if (step.status == Status::failed && !step.tolerated) return Status::failed;
        const std::string& id = frame.definitions->at(i).id;
        const bool used = std::any_of(read.begin(), read.end(), [&](const Path& path) {
            return path.size() >= 2 && path[0] == "steps" && path[1] == id;
        });
        const bool resolved = step.status == Status::accepted || step.status == Status::skipped;
        if (used && !resolved) unresolved = true;
    }
    return unresolved ? Status::unresolved : Status::accepted;
}

/// A workflow's own frame has come to its end.
void complete_workflow(Frame& frame) {
    std::vector<Path> read;
    std::string output = frame.workflow->output.render(frame.context, read);
    if (!output.empty()) frame.output = std::move(output);
    frame.ending = frame.status = status_of_output(frame, read);
    for (const StepState& step : frame.steps)
        if (step.status == Status::failed && !step.tolerated && !frame.error) frame.error = step.error;
}

/// Steps inside a step give what the last of them gives.
void complete_body(Frame& frame) {
    frame.ending = frame.status = Status::accepted;
    for (std::size_t i = frame.steps.size(); i-- > 0;) {
        const StepState& last = frame.steps[i];
        if (last.status == Status::skipped) continue;
        frame.output = last.answer ? last.answer : last.text;
        if (last.status != Status::accepted) frame.ending = frame.status = Status::unresolved;
        if (!last.error.empty()) frame.error = last.error;
        return;
    }
}

void complete_frame(Fold& fold, FrameId id) {
    RunState& run = fold.state;
    Frame& frame = run.frames.at(id);
    if (id == 0) {
        complete_workflow(frame);
        run.output = frame.output;
        run.error = frame.error;
        run.ending = frame.status;
        return;
    }
    const bool whole_workflow = std::holds_alternative<SubWorkflow>(run.definition(*frame.parent).body);
    if (whole_workflow)
        complete_workflow(frame);
    else
        complete_body(frame);
    on_frame_ended(fold, id);
    frame.context = nullptr;
}

void advance_frame(Fold& fold, FrameId id) {
    Frame& frame = fold.state.frames.at(id);
    const auto going_on = [&] { return frame.ending == Status::running && fold.state.ending == Status::running; };
    // Needs point backwards only, so that one pass starts everything that can start.
    for (std::size_t i = 0; i < frame.steps.size() && going_on(); ++i)
        if (frame.steps[i].status == Status::queued && needs_done(fold, {id, i})) begin(fold, {id, i});
    const auto done = [](const StepState& step) { return is_final(step.status); };
    if (going_on() && std::all_of(frame.steps.begin(), frame.steps.end(), done)) complete_frame(fold, id);
}

/// Another attempt, if the step has one left.
bool retried(Fold& fold, Place place, const std::string& reason) {
    const Step& definition = fold.definition(place);
    StepState& step = fold.step(place);
    if (step.attempt >= definition.attempts) return false;
    ++step.attempt;
    step.ladder = {};
    step.earlier_frames.insert(step.earlier_frames.end(), step.frames.begin(), step.frames.end());
    step.frames.clear();
    step.chosen.reset();
    step.text.reset();
    step.answer.reset();
    step.agent.reset();
    fold.emit(StepRetried{fold.state.path(place), step.attempt, reason});
    set_timer(fold, {place, step.attempt, Timer::Purpose::step_retry},
              fold.state.now + RunTime(definition.retry_delay));
    return true;
}

/// What `on_error` makes of a step that did not work out.
void tolerate(Fold& fold, Place place) {
    const Step& definition = fold.definition(place);
    StepState& step = fold.step(place);
    if (definition.on_error == OnError::fail) return;
    step.tolerated = true;
    step.chosen.reset();
    step.text.reset();
    step.answer.reset();
    step.agent.reset();
    if (definition.on_error == OnError::go_on) return;
    step.status = Status::unresolved;
    step.text = step.answer = definition.fallback.render(fold.context(place));
}

}  // namespace

void advance(Fold& fold) {
    while (!fold.touched.empty() && fold.state.ending == Status::running) {
        const FrameId id = fold.touched.front();
        fold.touched.pop_front();
        if (fold.state.frames.at(id).ending == Status::running) advance_frame(fold, id);
    }
}

void finish_step(Fold& fold, Place place, Status status, const std::string& reason) {
    StepState& step = fold.step(place);
    const bool bad = status == Status::failed || status == Status::over_budget;
    if (bad) stop_inside(fold, place, status, reason);
    if (status == Status::failed && retried(fold, place, reason)) return;
    step.status = status;
    if (status == Status::failed) step.error = fmt::format("step '{}': {}", fold.state.path(place), reason);
    if (status == Status::over_budget) step.error = reason;
    settle_texts(fold, step);
    if (bad) tolerate(fold, place);
    publish(fold, place);
    fold.emit(StepFinished{fold.state.path(place), step.status, step.answer, reason});
    if (!bad || step.tolerated || (status == Status::failed && failure_is_expected(fold, place))) return;
    end_frame(fold, place.frame, status, step.error);
}

void end_run(Fold& fold, Status status, const std::string& why) {
    RunState& run = fold.state;
    run.ending = status;
    run.error = why;
    stop_steps(fold, 0, status, why);
    run.root().status = run.root().ending = status;
    abort_calls(fold, [](Place) { return true; });
}

void over_budget(Fold& fold, PurseId purse, const std::string& why) {
    const auto owner = fold.state.purse_owners.find(purse);
    if (owner == fold.state.purse_owners.end()) return end_run(fold, Status::over_budget, why);
    if (fold.step(owner->second).status == Status::running) finish_step(fold, owner->second, Status::over_budget, why);
}

bool broke_a_limit(Fold& fold, const CallRecord& call) {
    const auto broken = fold.state.purses.broken(call.purse);
    if (!broken) return false;
    over_budget(fold, broken->purse, broken->why);
    return true;
}

PurseId open_purse(Fold& fold, Place place, const RunLimits& limits) {
    const PurseId purse = fold.state.purses.open(fold.step(place).purse, limits);
    fold.state.purse_owners.emplace(purse, place);
    return purse;
}

void set_timer(Fold& fold, Timer timer, RunTime until) {
    fold.state.timers.push_back(timer);
    const auto id = static_cast<TimerId>(fold.state.timers.size());
    fold.emit(TimerSet{id, fold.state.path(timer.place), until});
    fold.act(Sleep{id, until});
}

void on_timer(Fold& fold, TimerId id) {
    const Timer& timer = fold.state.timers.at(id - 1);
    const StepState& step = fold.step(timer.place);
    if (step.status != Status::running || step.attempt != timer.attempt) return;  // it has ended in time
    const auto& sub = std::get_if<SubWorkflow>(&fold.definition(timer.place).body);
    switch (timer.purpose) {
        case Timer::Purpose::step_retry:
            return begin_body(fold, timer.place);
        case Timer::Purpose::step_timeout: {
            const double seconds = static_cast<double>(fold.definition(timer.place).timeout->count()) / 1000.0;
            return finish_step(fold, timer.place, Status::failed, fmt::format("timeout: not done after {} s", seconds));
        }
        case Timer::Purpose::sub_time:
            return finish_step(
                fold, timer.place, Status::over_budget,
                fmt::format("workflow '{}': {}", sub->workflow->name, time_spent(*sub->workflow->limits.time)));
    }
}

void finish_if_ended(Fold& fold) {
    RunState& run = fold.state;
    if (run.ending == Status::running || run.anything_in_flight()) return;
    const bool good = run.ending == Status::accepted || run.ending == Status::unresolved;
    if (const auto broken = run.budget().broken(); good && broken) {  // by calls that were set aside
        run.ending = Status::over_budget;
        run.output.reset();
        run.error = *broken;
    }
    finish_run(fold, run.ending);
}

std::string time_spent(std::chrono::milliseconds limit) {
    return fmt::format("limits.time allows {} s, all is used", static_cast<double>(limit.count()) / 1000.0);
}

}  // namespace enough
