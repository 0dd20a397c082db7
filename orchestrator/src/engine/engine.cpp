#include <enough/orchestrator/engine.hpp>

#include <enough/orchestrator/call_by_call.hpp>

#include "engine/live_run.hpp"
#include "wall_time.hpp"

#include <enough/agents/fallback.hpp>
#include <enough/agents/registry.hpp>
#include <enough/workflows/inputs.hpp>

#include <fmt/format.h>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid_io.hpp>

#include <nlohmann/json.hpp>

#include <set>
#include <stdexcept>
#include <utility>

namespace enough {
namespace {

nlohmann::json complete_inputs(const Workflow& workflow, const nlohmann::json& given) {
    std::vector<std::string> faults;
    nlohmann::json inputs = check_inputs(workflow, given, faults);
    if (!faults.empty()) throw std::invalid_argument(fmt::format("{}", fmt::join(faults, "\n")));
    return inputs;
}

}  // namespace

namespace {

const std::string& key_of(const Workflow& workflow, const std::string& name) {
    const Model& model = workflow.models.at(name);
    return model.key.empty() ? name : model.key;
}

/// Those of its fallbacks first: whoever asks one asks it with all that it has.
void add_fallbacks_to(const std::string& name, const Workflow& workflow, Agents& agents, std::set<std::string>& done) {
    const Model& model = workflow.models.at(name);
    const std::string& key = key_of(workflow, name);
    if (model.fallback.empty() || !done.insert(key).second) return;
    std::vector<FallbackChoice> others;
    for (const std::string& other : model.fallback) {
        add_fallbacks_to(other, workflow, agents, done);
        others.push_back({other, agents.at(key_of(workflow, other)).get()});
    }
    agents.at(key) = make_fallback(std::move(agents.at(key)), std::move(others));
}

void add_fallbacks(const Workflow& workflow, Agents& agents, std::set<std::string>& done) {
    for (const auto& [name, model] : workflow.models)
        add_fallbacks_to(name, workflow, agents, done);
    each_step(workflow.steps, [&](const Step& step) {
        if (const auto* sub = std::get_if<SubWorkflow>(&step.body)) add_fallbacks(*sub->workflow, agents, done);
    });
}

}  // namespace

Agents with_fallbacks(Agents agents, const Workflow& workflow) {
    std::set<std::string> done;
    add_fallbacks(workflow, agents, done);
    return agents;
}

std::unique_ptr<Agent> make_model_agent(const Model& model, asio::any_io_executor executor) {
    return make_agent(model.provider, std::move(executor),
                      model.fallback.empty() ? OpenCircuit::wait : OpenCircuit::fail);
}

Agents make_agents(const Workflow& workflow, asio::any_io_executor executor) {
    Agents agents;
    for (const auto& [key, model] : models_in(workflow))
        agents.emplace(key, make_model_agent(*model, executor));
    return with_fallbacks(std::move(agents), workflow);
}

namespace {

void add_tool_servers(const Workflow& workflow, const std::string& prefix, const asio::any_io_executor& executor,
                      ToolServers& servers) {
    for (const auto& [name, settings] : workflow.tools)
        if (!servers.contains(prefix + name)) servers.emplace(prefix + name, make_tool_server(settings, executor));
    each_step(workflow.steps, [&](const Step& step) {
        if (const auto* sub = std::get_if<SubWorkflow>(&step.body))
            add_tool_servers(*sub->workflow, tool_server_prefix(*sub->workflow), executor, servers);
    });
}

/// Before the run began: it must be told, since nobody will tell it any more.
bool cancelled(const asio::cancellation_state& told) {
    return told.cancelled() != asio::cancellation_type::none;
}

}  // namespace

ToolServers make_tool_servers(const Workflow& workflow, asio::any_io_executor executor) {
    ToolServers servers;
    add_tool_servers(workflow, "", executor, servers);
    return servers;
}

Engine::Engine(std::shared_ptr<const Workflow> workflow, asio::any_io_executor executor)
    : workflow_(std::move(workflow)),
      agents_(make_agents(*workflow_, executor)),
      tools_(make_tool_servers(*workflow_, executor)) {}

Engine::Engine(std::shared_ptr<const Workflow> workflow, Agents agents, ToolServers tools)
    : workflow_(std::move(workflow)), agents_(std::move(agents)), tools_(std::move(tools)) {
    for (const auto& [key, model] : models_in(*workflow_))
        if (!agents_.contains(key)) throw std::invalid_argument(fmt::format("no agent for model '{}'", key));
}

Task<void> Engine::close() {
    for (auto& [key, server] : tools_)
        co_await server->close();
}

Task<RunState> Engine::run(nlohmann::json inputs, RunOptions options) {
    RunStarted start;
    start.workflow = workflow_->name;
    start.workflow_hash = workflow_->hash;
    start.started = rfc3339(wall_time_now());
    start.inputs = complete_inputs(*workflow_, inputs);
    start.sampling = options.sampling;
    start.allowance = options.allowance;
    start.granted_calls = options.granted_calls;
    if (const auto why = why_not_call_by_call(*workflow_); options.granted_calls && why)
        throw std::invalid_argument(*why);
    if (options.run_id.empty()) options.run_id = to_string(boost::uuids::random_generator()());

    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    LiveRun live(workflow_, agents_, tools_, std::move(options), executor);
    // A coroutine thread of its own: it looks after being cancelled by itself, and the caller's settings stay
    // untouched.
    const auto told = co_await asio::this_coro::cancellation_state;
    co_await asio::co_spawn(executor, live.to_end(std::move(start), cancelled(told)), asio::use_awaitable);
    co_return std::move(live).state();
}

Task<RunState> Engine::resume(std::vector<Event> recorded, RunOptions options) {
    Unfinished left = unfinished(workflow_, recorded);
    options.run_id = left.state.run_id;
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    LiveRun live(workflow_, agents_, tools_, std::move(options), executor);
    const auto told = co_await asio::this_coro::cancellation_state;
    co_await asio::co_spawn(executor, live.to_end(std::move(left), cancelled(told)), asio::use_awaitable);
    co_return std::move(live).state();
}

}  // namespace enough
