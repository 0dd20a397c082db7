#pragma once

#include <enough/agents/answer.hpp>
#include <enough/agents/tool.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace enough {

/// Puts tool calls together that a server streams in pieces. Servers differ in what they leave out: OpenAI sends an
/// index with every piece and id and name with the first; others send whole calls, without index, without id, or all of
/// them with the same index.
class OpenAiToolCalls {
public:
    struct Piece {
        std::optional<std::int64_t> index;
        std::string id;
        std::string name;
        std::string arguments;
    };

    /// Why the piece is too much, in words; absent if it was taken.
    std::optional<std::string> add(Piece piece);

    bool empty() const { return calls_.empty(); }

    /// The calls in the order in which they began, each with an id of its own. A call of no tool is left out.
    std::vector<ToolCall> take();

    static constexpr std::size_t most_calls = 64;
    static constexpr std::size_t most_bytes = 1024 * 1024;

private:
    struct Begun {
        std::optional<std::int64_t> index;
        ToolCall call;
    };

    Begun* continued_by(const Piece& piece);

    std::vector<Begun> calls_;
    std::size_t bytes_ = 0;
};

/// Why an answer ended, as its calls bear it out: some servers say `stop` after tool calls, and some promise calls and
/// send none. Of an answer that was cut or withheld no call is to be acted upon: `calls` is emptied.
FinishReason settle_tool_calls(FinishReason said, std::vector<ToolCall>& calls);

}  // namespace enough
