#pragma once

#include <enough/orchestrator/engine.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <map>
#include <string>
#include <utility>

namespace enough {

/// Lets people decide over HTTP what `approve` steps ask. All on one strand.
class Approvals final : public Approver {
public:
    explicit Approvals(asio::any_io_executor executor) : executor_(std::move(executor)) {}

    Task<ApprovalReply> ask(ApprovalQuestion question) override;

    /// Answers a question. False: that step of that run asks nothing (any more).
    bool decide(const std::string& run_id, const std::string& step, ApprovalReply reply);

private:
    struct Pending;

    asio::any_io_executor executor_;
    std::map<std::pair<std::string, std::string>, Pending*> pending_;  ///< by run and step
};

}  // namespace enough
