#include "support/run_workflow.hpp"

#include "support/recorder.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace enough::test {

namespace {

/// Tools that give what they were told to give.
class PreparedTools final : public ToolServer {
public:
    explicit PreparedTools(std::map<std::string, std::string> results) : results_(std::move(results)) {}

    Task<Result<std::vector<ToolSpec>>> list(Deadline) override {
        std::vector<ToolSpec> specs;
        for (const auto& [name, result] : results_)
            specs.push_back({name, "", R"({"type":"object"})"});
        co_return specs;
    }

    Task<Result<ToolResult>> call(std::string name, std::string, Deadline) override {
        constexpr std::string_view error = "error: ";
        std::string result = results_.at(name);
        const bool is_error = result.starts_with(error);
        co_return ToolResult{is_error ? result.substr(error.size()) : result, is_error};
    }

    Task<void> close() override { co_return; }

private:
    std::map<std::string, std::string> results_;
};

/// Answers as told, and otherwise never.
class PreparedApprover final : public Approver {
public:
    explicit PreparedApprover(std::map<std::string, std::string> replies) : replies_(std::move(replies)) {}

    Task<ApprovalReply> ask(ApprovalQuestion question) override {
        const auto found = replies_.find(question.step);
        if (found == replies_.end()) {
            asio::steady_timer never(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
            co_await never.async_wait(asio::use_awaitable);
        }
        const std::string& reply = found->second;
        const auto end = reply.find(' ');
        co_return ApprovalReply{reply.starts_with("yes"), "test",
                                end == std::string::npos ? "" : reply.substr(end + 1)};
    }

private:
    std::map<std::string, std::string> replies_;
};

ToolServers prepared(const std::map<std::string, std::map<std::string, std::string>>& tools) {
    ToolServers servers;
    for (const auto& [name, results] : tools)
        servers.emplace(name, std::make_unique<PreparedTools>(results));
    return servers;
}

}  // namespace

Outcome run_workflow(std::shared_ptr<const Workflow> workflow, const nlohmann::json& inputs,
                     const Surroundings& surroundings) {
    asio::io_context context(1);
    asio::cancellation_signal cancel;
    Agents agents = make_agents(*workflow, context.get_executor());
    Engine engine(std::move(workflow), std::move(agents), prepared(surroundings.tools));
    PreparedApprover approver(surroundings.approvals);
    Recorder recorder([&](const Event& event) {
        if (surroundings.cancel_at && surroundings.cancel_at(event))
            asio::post(context, [&] { cancel.emit(asio::cancellation_type::terminal); });
    });
    Outcome outcome;
    std::exception_ptr error;
    const auto done = [&](std::exception_ptr thrown, RunState state) {
        error = thrown;
        outcome.state = std::move(state);
    };
    RunOptions options;
    options.approver = &approver;
    options.sinks.push_back(&recorder);
    asio::co_spawn(context, engine.run(inputs, options), asio::bind_cancellation_slot(cancel.slot(), done));
    context.run_for(std::chrono::seconds(20));
    if (!context.stopped()) throw std::runtime_error("the run does not end");
    if (error) std::rethrow_exception(error);
    outcome.events = recorder.events();
    return outcome;
}

}  // namespace enough::test
