#include "support/trace.hpp"

#include <fmt/format.h>

namespace enough::test {
namespace {

struct Line {
    std::string operator()(const RunStarted& body) const { return fmt::format("start {}", body.workflow); }
    std::string operator()(const CallAnswered& body) const { return fmt::format("answered {}", body.call); }
    std::string operator()(const CallFailed& body) const {
        return fmt::format("failed {}: {}", body.call, name(body.kind));
    }
    std::string operator()(const CallAborted& body) const { return fmt::format("aborted {}", body.call); }
    std::string operator()(const TimeExpired&) const { return "time expired"; }
    std::string operator()(const CancelRequested&) const { return "cancel requested"; }
    std::string operator()(const StepStarted& body) const { return fmt::format("step {}", body.step); }
    std::string operator()(const CallRequested& body) const {
        std::string line = fmt::format("ask {} {}: {} rung {} step {}/{}", body.call, body.step, body.agent, body.rung,
                                       body.chain_step, body.chain_length);
        if (body.member) line += fmt::format(" member {}", *body.member);
        if (body.purpose != CallPurpose::answer) line += fmt::format(" to {}", name(body.purpose));
        return line;
    }
    std::string operator()(const CallJudged& body) const {
        return fmt::format("judged {} {}: {}", body.call, name(body.judgement.verdict), body.judgement.reason);
    }
    std::string operator()(const CallGivenUp& body) const { return fmt::format("gave up {}", body.call); }
    std::string operator()(const AttemptRequested& body) const {
        return fmt::format("another {} {}: {}", body.call, body.kind == AttemptKind::retry ? "retry" : "hedge",
                           body.reason);
    }
    std::string operator()(const ToolReturned& body) const {
        return fmt::format("tool {} {}: {}", body.use, body.result.is_error ? "failed" : "gave", body.result.content);
    }
    std::string operator()(const ApprovalGiven& body) const {
        return fmt::format("approval {} {} by {}", body.approval, body.approved ? "yes" : "no", body.by);
    }
    std::string operator()(const TimerFired& body) const { return fmt::format("timer {}", body.timer); }
    std::string operator()(const CallsGranted& body) const { return fmt::format("granted {} calls", body.calls); }
    std::string operator()(const CallsEnded& body) const { return fmt::format("calls ended: {}", body.reason); }
    std::string operator()(const AttemptDecided& body) const {
        return fmt::format("another {} {}", body.call, body.granted ? "granted" : "refused: " + body.reason);
    }
    std::string operator()(const CallContinued& body) const {
        return fmt::format("goes on {}: {}", body.call, body.reason);
    }
    std::string operator()(const CallSetAside& body) const {
        return fmt::format("aside {}: {}", body.call, body.reason);
    }
    std::string operator()(const BallotCast& body) const {
        return fmt::format("ballot {} {}: {}", body.call, body.answer.value_or("-"), body.reason);
    }
    std::string operator()(const PanelDecided& body) const {
        return fmt::format("panel {} round {} {}: {}; {}: {}", body.step, body.round, body.answer.value_or("-"),
                           body.reason, name(body.judgement.verdict), body.judgement.reason);
    }
    std::string operator()(const ToolRequested& body) const {
        return fmt::format("use {} {}.{} {}", body.use, body.server, body.tool, body.arguments);
    }
    std::string operator()(const ApprovalRequested& body) const {
        return fmt::format("approve {} {}: {}", body.approval, body.step, body.message);
    }
    std::string operator()(const StepRetried& body) const {
        return fmt::format("again {} attempt {}: {}", body.step, body.attempt, body.reason);
    }
    std::string operator()(const TimerSet& body) const { return fmt::format("set timer {} {}", body.timer, body.step); }
    std::string operator()(const StepFinished& body) const {
        return fmt::format("done {} {}: {}", body.step, name(body.status), body.reason);
    }
    std::string operator()(const RunFinished& body) const { return fmt::format("end {}", name(body.status)); }
};

}  // namespace

std::string trace_line(const Event& event) {
    return std::visit(Line{}, event.body);
}

}  // namespace enough::test
