#include "serve/served_run.hpp"

#include "serve/served_report.hpp"

#include <enough/orchestrator/report.hpp>
#include <enough/orchestrator/status.hpp>
#include <enough/orchestrator/step.hpp>

#include <utility>
#include <variant>

namespace enough {

ServedRun::ServedRun(std::string id, WallTime created, std::shared_ptr<ServedWorkflow> served, std::string client)
    : id_(std::move(id)), served_(std::move(served)), client_(std::move(client)), created_(created) {}

ServedRun::ServedRun(std::vector<Event> recorded, WallTime created, std::shared_ptr<ServedWorkflow> served,
                     std::string client)
    : id_(recorded.front().run_id),
      served_(std::move(served)),
      client_(std::move(client)),
      created_(created),
      events_(std::move(recorded)),
      status_(Status::running) {}

nlohmann::ordered_json ServedRun::report() const {
    if (events_.empty()) return enough::report(RunState(served_->workflow, id_));
    nlohmann::ordered_json report = served_report(fold(served_->workflow, events_), events_);
    if (ended()) return report;
    // The last fact may be here, and the end that follows from it not be told yet.
    report["status"] = name(status_);
    report["output"] = nullptr;
    report["error"] = nullptr;
    return report;
}

void ServedRun::on(const Event& event) {
    events_.push_back(event);
    status_ = Status::running;
    if (const auto* end = std::get_if<RunFinished>(&event.body)) status_ = end->status;
    for (RunFollower* follower : std::vector(followers_))
        follower->on_event(event);
}

void ServedRun::on_delta(const CallDelta& delta) {
    if (text_) text_->on_delta(delta);
    for (RunFollower* follower : std::vector(followers_))
        follower->on_delta(delta);
}

void ServedRun::on_token(CallId call, const Token& token) {
    if (text_) text_->on_token(call, token);
    for (RunFollower* follower : std::vector(followers_))
        follower->on_token(call, token);
}

}  // namespace enough
