#include "evaluation/item_run.hpp"

#include <enough/agents/cassette.hpp>
#include <enough/agents/replay.hpp>
#include <enough/async/gather.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace enough {
namespace {

Task<void> take_turns(std::size_t n, std::size_t& next, const std::function<Task<void>(std::size_t)>& work) {
    while (next < n) {
        const std::size_t mine = next++;
        Task<void> turn = work(mine);
        co_await std::move(turn);
    }
}

}  // namespace

Agents borrowed(const Agents& agents) {
    Agents result;
    for (const auto& [name, agent] : agents)
        result.emplace(name, borrow(*agent));
    return result;
}

Agents remembering(const Agents& agents, const std::shared_ptr<Tape>& tape) {
    Agents result;
    for (const auto& [name, agent] : agents)
        result.emplace(name, make_memo(name, tape, borrow(*agent)));
    return result;
}

Task<ItemRun> run_item(std::shared_ptr<const Workflow> workflow, Agents agents, nlohmann::json inputs,
                       SignalSettings measured, std::vector<EventSink*> listeners) {
    ToolServers tools = make_tool_servers(*workflow, co_await asio::this_coro::executor);
    Engine engine(std::move(workflow), std::move(agents), std::move(tools));
    Witness witness(measured);
    RunOptions options;
    options.sinks = std::move(listeners);
    options.sinks.push_back(&witness);
    Task<RunState> running = engine.run(std::move(inputs), std::move(options));
    RunState state = co_await std::move(running);
    co_await engine.close();
    if (state.status == Status::cancelled) throw boost::system::system_error(asio::error::operation_aborted);
    ItemRun result{std::move(state), witness.calls()};
    co_return result;
}

Task<void> for_each_index(std::size_t n, std::size_t concurrency, std::function<Task<void>(std::size_t)> work) {
    std::size_t next = 0;
    std::vector<Task<void>> workers;
    for (std::size_t i = 0; i < std::clamp<std::size_t>(concurrency, 1, std::max<std::size_t>(n, 1)); ++i)
        workers.push_back(take_turns(n, next, work));
    co_await gather(std::move(workers));
}

}  // namespace enough
