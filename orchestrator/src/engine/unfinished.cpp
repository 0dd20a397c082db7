#include "engine/unfinished.hpp"

#include "engine/replay.hpp"

#include <utility>

namespace enough {
namespace {

/// Notes what is begun, and strikes out what a fact says is over.
class Notes {
public:
    Notes(Unfinished& left, std::uint64_t last_recorded) : left_(left), last_recorded_(last_recorded) {}

    void on(const Event& fact, std::vector<Action> actions) {
        if (const auto* answered = std::get_if<CallAnswered>(&fact.body)) left_.calls.erase(answered->call);
        if (const auto* failed = std::get_if<CallFailed>(&fact.body)) left_.calls.erase(failed->call);
        if (const auto* aborted = std::get_if<CallAborted>(&fact.body)) left_.calls.erase(aborted->call);
        if (const auto* returned = std::get_if<ToolReturned>(&fact.body)) left_.tool_uses.erase(returned->use);
        if (const auto* given = std::get_if<ApprovalGiven>(&fact.body)) left_.approvals.erase(given->approval);
        if (const auto* fired = std::get_if<TimerFired>(&fact.body)) left_.timers.erase(fired->timer);
        for (Action& action : actions)
            note(std::move(action));
    }

private:
    void note(Action action) {
        if (Emit* emit = std::get_if<Emit>(&action)) {
            if (const auto* asked = std::get_if<CallRequested>(&emit->event.body))
                left_.calls[asked->call].requested = emit->event.number <= last_recorded_;
            if (emit->event.number > last_recorded_) left_.untold.push_back(std::move(emit->event));
        } else if (Ask* ask = std::get_if<Ask>(&action)) {
            Unfinished::Call& call = left_.calls[ask->call];
            call.sample = left_.samples.next(*ask);
            call.ask = std::move(*ask);
        } else if (CallTool* wish = std::get_if<CallTool>(&action)) {
            left_.tool_uses.emplace(wish->use, *wish);
        } else if (AskApproval* question = std::get_if<AskApproval>(&action)) {
            left_.approvals.emplace(question->approval, *question);
        } else if (const Sleep* wait = std::get_if<Sleep>(&action)) {
            left_.timers.emplace(wait->timer, *wait);
        } else if (const Forget* forgotten = std::get_if<Forget>(&action)) {
            for (const ToolUseId id : forgotten->tool_uses)
                left_.tool_uses.erase(id);
            for (const ApprovalId id : forgotten->approvals)
                left_.approvals.erase(id);
        }
    }

    Unfinished& left_;
    std::uint64_t last_recorded_;
};

}  // namespace

Unfinished unfinished(std::shared_ptr<const Workflow> workflow, const std::vector<Event>& recorded) {
    Unfinished left;
    Notes notes(left, recorded.empty() ? 0 : recorded.back().number);
    const auto note = [&](const Event& fact, std::vector<Action> actions) { notes.on(fact, std::move(actions)); };
    left.state = replay(std::move(workflow), recorded, note);
    return left;
}

}  // namespace enough
