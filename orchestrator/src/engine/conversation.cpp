#include "engine/fold.hpp"

#include <string_view>

namespace enough {
namespace {

/// The last call of the step with a whole answer: what a rung can be handed. Fragments are never handed on.
const CallRecord* last_answer(const RunState& state, std::size_t step) {
    const auto& calls = state.steps.at(step).calls;
    for (auto id = calls.rbegin(); id != calls.rend(); ++id) {
        const CallRecord& call = state.call(*id);
        if (call.answered && !call.stopped_early() && !call.text.empty()) return &call;
    }
    return nullptr;
}

constexpr std::string_view attempt_heading = "\n\nA previous attempt answered:\n";
constexpr std::string_view take_over = "Review the answer above, find gaps or errors, and give your own final answer.";

}  // namespace

std::vector<Message> first_turn(const Fold& fold, std::size_t step, const AgentRung& rung) {
    const AgentRole& role = fold.workflow().agents.at(rung.agent);
    const LadderState& ladder = fold.state.steps.at(step).ladder;
    const CallRecord* previous = rung.handover == Handover::fresh ? nullptr : last_answer(fold.state, step);

    std::vector<Message> messages;
    if (role.system) messages.push_back({Role::system, *role.system});
    if (!previous) {
        messages.push_back({Role::user, ladder.question});
    } else if (rung.handover == Handover::answer) {
        messages.push_back({Role::user, ladder.question + std::string(attempt_heading) + previous->text});
    } else {
        for (const Message& message : ladder.conversation)
            if (message.role != Role::system) messages.push_back(message);
        messages.push_back({Role::user, std::string(take_over)});
    }
    return messages;
}

std::vector<Message> refine_turn(const LadderState& ladder, const std::string& prompt) {
    std::vector<Message> messages = ladder.conversation;
    messages.push_back({Role::user, prompt});
    return messages;
}

}  // namespace enough
