#include "serve/served_run.hpp"

#include <enough/orchestrator/report.hpp>
#include <enough/orchestrator/status.hpp>
#include <enough/orchestrator/step.hpp>

#include <utility>
#include <variant>

namespace enough {
namespace {

constexpr std::size_t longest_question = 240;  // bytes: enough to know it by

/// The beginning of the first input that is a text; empty without one.
std::string question_of(const Workflow& workflow, const nlohmann::json& inputs) {
    for (const auto& [name, input] : workflow.inputs) {
        const auto given = inputs.find(name);
        if (given == inputs.end() || !given->is_string()) continue;
        auto text = given->get<std::string>();
        if (text.size() <= longest_question) return text;
        std::size_t end = longest_question;
        while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U)
            --end;  // not inside a character
        return text.substr(0, end) + "\u2026";
    }
    return {};
}

}  // namespace

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

nlohmann::ordered_json served_report(const RunState& state) {
    nlohmann::ordered_json report = enough::report(state);
    report["question"] = question_of(*state.workflow, state.root().context.at("inputs"));
    return report;
}

nlohmann::ordered_json ServedRun::report() const {
    if (events_.empty()) return enough::report(RunState(served_->workflow, id_));
    nlohmann::ordered_json report = served_report(fold(served_->workflow, events_));
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
