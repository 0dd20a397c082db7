#pragma once

#include <enough/agents/agent.hpp>

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace enough {

/// Remembers how many tokens a server counted for a prompt, for calls of which it never gets to say so.
class InputCounts {
public:
    /// The server's own count for the same messages, else a quarter of their bytes.
    std::int64_t estimate(const std::vector<Message>& messages) const;
    void learn(const std::vector<Message>& messages, std::int64_t tokens);

private:
    static constexpr std::size_t max_size = 1024;
    std::unordered_map<std::size_t, std::int64_t>
        counts_;  // by the messages' hash: a collision spoils an estimate only
};

}  // namespace enough
