#pragma once

#include <enough/agents/agent.hpp>
#include <enough/agents/settings.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <memory>

namespace enough {

/// Asks any OpenAI-compatible server, always streaming. One attempt per `ask`, but for requests that are repeated in a
/// dialect just learned (no logprobs, fewer of them, another name for `max_tokens`). Use it from `executor` only, which
/// is a strand or runs on one thread. Throws `std::invalid_argument` for settings that can never work.
std::unique_ptr<Agent> make_openai_agent(OpenAiSettings settings, asio::any_io_executor executor);

}  // namespace enough
