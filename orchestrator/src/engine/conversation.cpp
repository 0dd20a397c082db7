#include "engine/fold.hpp"

#include <string_view>
#include <utility>

namespace enough {
namespace {

constexpr std::string_view attempt_heading = "\n\nA previous attempt answered:\n";
constexpr std::string_view take_over = "Review the answer above, find gaps or errors, and give your own final answer.";

std::vector<Message> system_turn(const Fold& fold, Place place, const std::string& agent) {
    std::vector<Message> messages;
    const AgentRole& role = fold.workflow(place).agents.at(agent);
    if (role.system) messages.push_back({Role::system, *role.system});
    return messages;
}

}  // namespace

std::vector<Message> first_turn(Fold& fold, Place place, const std::string& agent, Handover handover) {
    const LadderState& ladder = fold.ladder_state(place);
    std::vector<Message> messages = system_turn(fold, place, agent);
    if (handover == Handover::fresh || !ladder.standing) {
        messages.push_back({Role::user, ladder.question});
    } else if (handover == Handover::answer) {
        messages.push_back({Role::user, ladder.question + std::string(attempt_heading) + ladder.standing_text});
    } else {
        for (const Message& message : ladder.conversation)
            if (message.role != Role::system) messages.push_back(message);
        messages.push_back({Role::user, std::string(take_over)});
    }
    return messages;
}

std::vector<Message> next_turn(const std::vector<Message>& conversation, const std::string& prompt) {
    std::vector<Message> messages = conversation;
    messages.push_back({Role::user, prompt});
    return messages;
}

std::vector<Message> sole_turn(const Fold& fold, Place place, const std::string& agent, std::string prompt) {
    std::vector<Message> messages = system_turn(fold, place, agent);
    messages.push_back({Role::user, std::move(prompt)});
    return messages;
}

}  // namespace enough
