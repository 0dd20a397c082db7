#pragma once

#include <enough/agents/registry.hpp>
#include <enough/orchestrator/engine.hpp>
#include <enough/workflows/workflow.hpp>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace enough::test {

/// What each model of a workflow was asked: the messages of each call.
using AskedModels = std::map<std::string, std::vector<std::vector<Message>>>;

/// Passes calls on and keeps what was asked.
class CountingAgent : public Agent {
public:
    CountingAgent(std::unique_ptr<Agent> inner, std::vector<std::vector<Message>>& asked)
        : inner_(std::move(inner)), asked_(asked) {}

    Task<Result<Answer>> ask(Request request) override {
        asked_.push_back(request.messages);
        co_return co_await inner_->ask(std::move(request));
    }

private:
    std::unique_ptr<Agent> inner_;
    std::vector<std::vector<Message>>& asked_;
};

/// The workflow's own agents, counted; `asked` must outlive them.
inline Agents counted_agents(const Workflow& workflow, const asio::any_io_executor& executor, AskedModels& asked) {
    Agents agents;
    for (const auto& [name, model] : workflow.models)
        agents.emplace(name, std::make_unique<CountingAgent>(make_agent(model.provider, executor), asked[name]));
    return agents;
}

}  // namespace enough::test
