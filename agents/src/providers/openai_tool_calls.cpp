#include "providers/openai_tool_calls.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace enough {

// The call that the piece belongs to; null if it begins another.
OpenAiToolCalls::Begun* OpenAiToolCalls::continued_by(const Piece& piece) {
    if (!piece.index && piece.id.empty()) return piece.name.empty() && !calls_.empty() ? &calls_.back() : nullptr;
    const auto found = std::find_if(calls_.rbegin(), calls_.rend(), [&](const Begun& begun) {
        return piece.index ? begun.index == piece.index : begun.call.id == piece.id;
    });
    if (found == calls_.rend()) return nullptr;
    const bool other = !piece.id.empty() && !found->call.id.empty() && piece.id != found->call.id;
    return other ? nullptr : &*found;
}

std::optional<std::string> OpenAiToolCalls::add(Piece piece) {
    bytes_ += piece.id.size() + piece.name.size() + piece.arguments.size();
    if (bytes_ > most_bytes) return fmt::format("the tool calls are longer than {} bytes", most_bytes);
    Begun* begun = continued_by(piece);
    if (begun == nullptr) {
        if (calls_.size() == most_calls) return fmt::format("there are more than {} tool calls", most_calls);
        begun = &calls_.emplace_back();
        begun->index = piece.index;
    }
    auto& call = begun->call;
    if (call.id.empty()) call.id = std::move(piece.id);
    if (call.name != piece.name) call.name += piece.name;  // some repeat it with every piece
    call.arguments += piece.arguments;
    return std::nullopt;
}

std::vector<ToolCall> OpenAiToolCalls::take() {
    std::vector<ToolCall> out;
    std::set<std::string> ids;
    for (auto& [index, call] : std::exchange(calls_, {})) {
        if (call.name.empty()) continue;
        if (call.arguments.find_first_not_of(" \t\r\n") == std::string::npos) call.arguments = "{}";
        for (auto number = out.size() + 1; call.id.empty() || ids.contains(call.id); ++number)
            call.id = fmt::format("call_{}", number);
        ids.insert(call.id);
        out.push_back(std::move(call));
    }
    return out;
}

FinishReason settle_tool_calls(FinishReason said, std::vector<ToolCall>& calls) {
    const bool done = said == FinishReason::stop || said == FinishReason::other || said == FinishReason::tool_calls;
    if (!done) calls.clear();
    if (!calls.empty()) return FinishReason::tool_calls;
    return said == FinishReason::tool_calls ? FinishReason::other : said;
}

}  // namespace enough
