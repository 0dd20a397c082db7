#pragma once

#include "terminal.hpp"

#include <enough/orchestrator/event.hpp>

#include <chrono>
#include <map>
#include <string>
#include <string_view>

namespace enough::cli {

/// Shows a run on the terminal while it happens: a line for each call that has been decided on, and below them, where
/// there is a terminal, what is being written right now.
class Progress : public EventSink {
public:
    explicit Progress(Terminal& terminal) : terminal_(terminal) {}

    void on(const Event& event) override;
    void on_delta(const CallDelta& delta) override;

private:
    struct Call {
        std::string who;  ///< `solve  solver  1/4`
        RunTime began{};
        std::int64_t tokens = 0;
    };

    void requested(const CallRequested& event, RunTime at);
    void answered(const CallAnswered& event);
    void judged(const CallJudged& event, RunTime at);
    void given_up(const CallGivenUp& event, RunTime at);
    void ballot(const BallotCast& event, RunTime at);
    void continued(const CallContinued& event, RunTime at);
    void set_aside(const CallSetAside& event);
    void decided(const PanelDecided& event);
    void finished(const StepFinished& event);

    /// A line about a call that has come back.
    void tell(CallId call, Colour colour, std::string_view word, RunTime at, const std::string& reason);

    Terminal& terminal_;
    std::map<CallId, Call> calls_;
    std::chrono::steady_clock::time_point shown_{};
};

}  // namespace enough::cli
