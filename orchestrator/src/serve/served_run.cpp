#include "serve/served_run.hpp"

#include <enough/orchestrator/report.hpp>
#include <enough/orchestrator/step.hpp>

#include <utility>
#include <variant>

namespace enough {

ServedRun::ServedRun(std::string id, std::shared_ptr<ServedWorkflow> served, std::string client)
    : id_(std::move(id)), served_(std::move(served)), client_(std::move(client)) {}

nlohmann::ordered_json ServedRun::report() const {
    if (events_.empty()) return enough::report(RunState(served_->workflow, id_));
    return enough::report(fold(served_->workflow, events_));
}

void ServedRun::on(const Event& event) {
    events_.push_back(event);
    status_ = Status::running;
    if (const auto* end = std::get_if<RunFinished>(&event.body)) status_ = end->status;
    for (RunFollower* follower : std::vector(followers_))
        follower->on_event(event);
}

void ServedRun::on_delta(const CallDelta& delta) {
    for (RunFollower* follower : std::vector(followers_))
        follower->on_delta(delta);
}

}  // namespace enough
