#include "providers/input_counts.hpp"

#include <functional>
#include <string>

namespace enough {

namespace {

void each_text(const Request& request, const std::function<void(const std::string&)>& visit) {
    for (const auto& message : request.messages) {
        visit(message.content);
        for (const auto& call : message.tool_calls) {
            visit(call.name);
            visit(call.arguments);
        }
    }
    for (const auto& tool : request.tools) {
        visit(tool.name);
        visit(tool.description);
        visit(tool.parameters);
    }
}

std::size_t hash(const Request& request) {
    std::size_t out = request.messages.size();
    const auto add = [&out](std::size_t part) { out ^= part + 0x9e3779b97f4a7c15 + (out << 6) + (out >> 2); };
    for (const auto& message : request.messages)
        add(static_cast<std::size_t>(message.role));
    each_text(request, [&](const std::string& text) { add(std::hash<std::string>()(text)); });
    return out;
}

}  // namespace

std::size_t prompt_bytes(const Request& request) {
    std::size_t bytes = 0;
    each_text(request, [&](const std::string& text) { bytes += text.size(); });
    return bytes;
}

std::int64_t InputCounts::estimate(const Request& request) const {
    const auto found = counts_.find(hash(request));
    if (found != counts_.end()) return found->second;
    return static_cast<std::int64_t>((prompt_bytes(request) + 3) / 4);
}

void InputCounts::learn(const Request& request, std::int64_t tokens) {
    if (counts_.size() >= max_size) counts_.clear();
    counts_[hash(request)] = tokens;
}

}  // namespace enough
