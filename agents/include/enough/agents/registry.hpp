#pragma once

#include <enough/agents/agent.hpp>
#include <enough/agents/settings.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <memory>

namespace enough {

/// What a call does that finds its model's circuit open.
enum class OpenCircuit {
    wait,  ///< fails as a busy server does; its retries wait for the circuit
    fail,  ///< fails for good, because another model can be asked
};

/// Makes the agent for a model's settings, wrapped in the circuit, limits, hedges and retries they ask for. Cheap:
/// connections are opened and files loaded on the first `ask`. The agent's timers and sockets live on `executor`'s
/// context, which must outlive it. Throws `std::invalid_argument` for settings that can never work (a base URL that is
/// none).
std::unique_ptr<Agent> make_agent(const ProviderSettings& settings, asio::any_io_executor executor,
                                  OpenCircuit open_circuit = OpenCircuit::wait);

}  // namespace enough
