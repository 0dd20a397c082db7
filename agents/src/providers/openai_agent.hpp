#pragma once

#include <enough/agents/agent.hpp>
#include <enough/agents/settings.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <memory>

namespace enough {

/// Asks any OpenAI-compatible server through the interface that the settings name; see `make_http_agent`. Throws
/// `std::invalid_argument` for settings that can never work.
std::unique_ptr<Agent> make_openai_agent(OpenAiSettings settings, asio::any_io_executor executor);

}  // namespace enough
