#include "engine/fold.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace enough {
namespace {

bool needs_done(const Fold& fold, std::size_t step) {
    const auto& needs = fold.definition(step).needs;
    return std::all_of(needs.begin(), needs.end(),
                       [&](std::size_t need) { return is_final(fold.state.steps.at(need).status); });
}

bool mentions_status(const Step& definition, std::string_view id) {
    if (!definition.when) return false;
    const auto paths = definition.when->paths();
    return std::any_of(paths.begin(), paths.end(), [&](const Path& path) {
        return path.size() == 3 && path[0] == "steps" && path[1] == id && path[2] == "status";
    });
}

/// A failed step does not end the run if every step that needs it has a `when` that asks for its status.
bool failure_is_expected(const Fold& fold, std::size_t failed) {
    bool expected = false;
    for (const Step& later : fold.workflow().steps) {
        if (std::find(later.needs.begin(), later.needs.end(), failed) == later.needs.end()) continue;
        if (!mentions_status(later, fold.definition(failed).id)) return false;
        expected = true;
    }
    return expected;
}

void publish(Fold& fold, std::size_t step) {
    fold.state.context["steps"][fold.definition(step).id] = step_context(fold.state, step);
}

void skip(Fold& fold, std::size_t step, const std::string& reason) {
    fold.state.steps.at(step).status = Status::skipped;
    publish(fold, step);
    fold.emit(StepFinished{fold.definition(step).id, Status::skipped, std::nullopt, reason});
}

void begin(Fold& fold, std::size_t step) {
    const Step& definition = fold.definition(step);
    if (definition.when && !truthy(definition.when->evaluate(fold.state.context)))
        return skip(fold, step, fmt::format("when: {} is false", definition.when->text()));
    fold.state.steps.at(step).status = Status::running;
    fold.emit(StepStarted{definition.id});
    begin_ladder(fold, step);
}

void finish_run(Fold& fold, Status status) {
    RunState& run = fold.state;
    run.status = status;
    fold.emit(RunFinished{status, run.output, run.error});
    fold.act(Finish{});
}

/// The worst status among the steps the output was made of; any step that failed wins.
Status status_of_output(const RunState& run, const std::vector<Path>& read) {
    bool unresolved = false;
    for (std::size_t i = 0; i < run.steps.size(); ++i) {
        const Status status = run.steps[i].status;
        if (status == Status::failed) return Status::failed;
        const std::string& id = run.workflow->steps[i].id;
        const bool used = std::any_of(read.begin(), read.end(), [&](const Path& path) {
            return path.size() >= 2 && path[0] == "steps" && path[1] == id;
        });
        if (used && status == Status::unresolved) unresolved = true;
    }
    return unresolved ? Status::unresolved : Status::accepted;
}

void complete_run(Fold& fold) {
    RunState& run = fold.state;
    std::vector<Path> read;
    std::string output = run.workflow->output.render(run.context, read);
    if (!output.empty()) run.output = std::move(output);
    const Status status = status_of_output(run, read);
    for (const StepState& state : run.steps)
        if (state.status == Status::failed && !run.error) run.error = state.error;
    finish_run(fold, status);
}

}  // namespace

void advance(Fold& fold) {
    RunState& run = fold.state;
    // Needs point backwards only, so that one pass starts everything that can start.
    for (std::size_t i = 0; i < run.steps.size() && run.ending == Status::running; ++i)
        if (run.steps[i].status == Status::queued && needs_done(fold, i)) begin(fold, i);
    if (run.ending != Status::running) return;
    if (std::all_of(run.steps.begin(), run.steps.end(), [](const StepState& step) { return is_final(step.status); }))
        complete_run(fold);
}

void finish_step(Fold& fold, std::size_t step, Status status, const std::string& reason) {
    StepState& state = fold.state.steps.at(step);
    state.status = status;
    if (status == Status::failed) state.error = fmt::format("step '{}': {}", fold.definition(step).id, reason);
    publish(fold, step);
    std::optional<std::string> answer;
    if (state.chosen) answer = fold.state.call(*state.chosen).answer;
    fold.emit(StepFinished{fold.definition(step).id, status, answer, reason});
    if (status == Status::failed && !failure_is_expected(fold, step)) end_run(fold, Status::failed, state.error);
}

void end_run(Fold& fold, Status status, const std::string& why) {
    RunState& run = fold.state;
    run.ending = status;
    run.error = why;
    for (std::size_t i = 0; i < run.steps.size(); ++i) {
        if (run.steps[i].status == Status::queued) {
            run.steps[i].status = Status::skipped;
        } else if (run.steps[i].status == Status::running) {
            // A step that merely ran beside the one that failed has not failed itself.
            run.steps[i].status = status == Status::failed ? Status::cancelled : status;
            run.steps[i].error = why;
            fold.emit(StepFinished{fold.definition(i).id, run.steps[i].status, std::nullopt, why});
        }
    }
    for (CallRecord& call : run.calls) {
        if (!call.in_flight) continue;
        call.abort_requested = true;
        fold.act(Abort{call.id});
    }
}

void finish_if_ended(Fold& fold) {
    if (fold.state.ending != Status::running && !fold.state.anything_in_flight()) finish_run(fold, fold.state.ending);
}

std::string time_spent(std::chrono::milliseconds limit) {
    return fmt::format("limits.time allows {} s, all is used", static_cast<double>(limit.count()) / 1000.0);
}

}  // namespace enough
