#include "engine/replay.hpp"

#include <fmt/format.h>

#include <deque>
#include <utility>

namespace enough {
namespace {

/// The conclusions of one fact, without the fact itself, which comes first.
std::deque<Event> conclusions(const std::vector<Action>& actions) {
    std::deque<Event> events;
    for (const Action& action : actions)
        if (const Emit* emit = std::get_if<Emit>(&action)) events.push_back(emit->event);
    events.pop_front();
    return events;
}

std::string place(const Event& event) {
    return fmt::format("event {} ({})", event.number, type_name(event.body));
}

void check_conclusion(std::deque<Event>& expected, const Event& recorded) {
    if (expected.empty()) throw AuditError(place(recorded) + " follows from nothing before it");
    const nlohmann::json now = to_json(expected.front());
    const nlohmann::json then = to_json(recorded);
    if (now != then)
        throw AuditError(fmt::format("{} differs from what its facts lead to:\n  recorded   {}\n  recomputed {}",
                                     place(recorded), then.dump(), now.dump()));
    expected.pop_front();
}

const RunStarted& start_of(const std::vector<Event>& events) {
    const RunStarted* start = events.empty() ? nullptr : std::get_if<RunStarted>(&events.front().body);
    if (!start) throw std::invalid_argument("the log does not begin with run_started");
    return *start;
}

}  // namespace

RunState replay(std::shared_ptr<const Workflow> workflow, const std::vector<Event>& events, const OnFold& on_fold) {
    const RunStarted& start = start_of(events);
    if (start.workflow_hash != workflow->hash)
        throw std::invalid_argument(
            fmt::format("the log is of another version of workflow '{}': its hash differs", start.workflow));
    RunState state(std::move(workflow), events.front().run_id);
    std::deque<Event> expected;
    for (const Event& event : events) {
        if (event.run_id != state.run_id) throw std::invalid_argument(place(event) + " is of another run");
        if (!is_fact(event.body)) {
            check_conclusion(expected, event);
            continue;
        }
        if (!expected.empty()) throw AuditError(place(expected.front()) + " is missing from the log");
        if (event.number != state.events + 1) throw std::invalid_argument(place(event) + " is out of order");
        try {
            std::vector<Action> actions = step(state, event.at, event.body);
            expected = conclusions(actions);
            if (on_fold) on_fold(event, std::move(actions));
        } catch (const std::logic_error& error) {
            throw std::invalid_argument(place(event) + " can't follow: " + error.what());
        }
    }
    return state;
}

RunState fold(std::shared_ptr<const Workflow> workflow, const std::vector<Event>& events) {
    return replay(std::move(workflow), events, {});
}

}  // namespace enough
