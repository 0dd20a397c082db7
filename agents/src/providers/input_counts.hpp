#pragma once

#include <enough/agents/agent.hpp>

#include <cstddef>
#include <cstdint>
#include <unordered_map>

namespace enough {

/// Bytes of all that the model reads: messages with their tool calls, and the tools it is shown.
std::size_t prompt_bytes(const Request& request);

/// Remembers how many tokens a server counted for a prompt, for calls of which it never gets to say so.
class InputCounts {
public:
    /// The server's own count for the same messages and tools, else a quarter of their bytes.
    std::int64_t estimate(const Request& request) const;
    void learn(const Request& request, std::int64_t tokens);

private:
    static constexpr std::size_t max_size = 1024;
    std::unordered_map<std::size_t, std::int64_t> counts_;  // by the prompt's hash: a collision spoils an estimate only
};

}  // namespace enough
