#pragma once

#include "terminal.hpp"

#include <enough/async/limiter.hpp>
#include <enough/orchestrator/engine.hpp>

#include <string>

namespace enough::cli {

/// Who answers `approve` steps.
enum class ApprovalMode {
    ask,  ///< whoever sits at the terminal; nobody where standard input is none
    yes,
    no,
};

/// Asks on standard error, one question at a time, and reads `y` or `n`, with a comment if one likes, from standard
/// input.
class TerminalApprover : public Approver {
public:
    TerminalApprover(ApprovalMode mode, Terminal& terminal) : mode_(mode), terminal_(terminal) {}

    Task<ApprovalReply> ask(ApprovalQuestion question) override;

private:
    Task<std::string> read_line();

    ApprovalMode mode_;
    Terminal& terminal_;
    Limiter one_at_a_time_{LimiterSettings{.concurrency = 1}};
    std::string unread_;
};

}  // namespace enough::cli
