#include "serve/served_run.hpp"

#include <enough/orchestrator/report.hpp>
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

ServedRun::ServedRun(std::string id, std::shared_ptr<ServedWorkflow> served, std::string client)
    : id_(std::move(id)), served_(std::move(served)), client_(std::move(client)) {}

nlohmann::ordered_json ServedRun::report() const {
    if (events_.empty()) return enough::report(RunState(served_->workflow, id_));
    nlohmann::ordered_json report = enough::report(fold(served_->workflow, events_));
    if (const auto* start = std::get_if<RunStarted>(&events_.front().body))
        report["question"] = question_of(workflow(), start->inputs);
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
