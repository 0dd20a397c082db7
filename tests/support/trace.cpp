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
        return fmt::format("ask {} {}: {} rung {} step {}/{}", body.call, body.step, body.agent, body.rung,
                           body.chain_step, body.chain_length);
    }
    std::string operator()(const CallJudged& body) const {
        return fmt::format("judged {} {}: {}", body.call, name(body.judgement.verdict), body.judgement.reason);
    }
    std::string operator()(const CallGivenUp& body) const { return fmt::format("gave up {}", body.call); }
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
