#include "providers/input_counts.hpp"

#include <functional>
#include <string>

namespace enough {

namespace {

std::size_t hash(const std::vector<Message>& messages) {
    std::size_t out = messages.size();
    for (const auto& message : messages) {
        const auto part = std::hash<std::string>()(message.content) + static_cast<std::size_t>(message.role);
        out ^= part + 0x9e3779b97f4a7c15 + (out << 6) + (out >> 2);
    }
    return out;
}

}  // namespace

std::int64_t InputCounts::estimate(const std::vector<Message>& messages) const {
    const auto found = counts_.find(hash(messages));
    if (found != counts_.end()) return found->second;
    std::size_t bytes = 0;
    for (const auto& message : messages)
        bytes += message.content.size();
    return static_cast<std::int64_t>((bytes + 3) / 4);
}

void InputCounts::learn(const std::vector<Message>& messages, std::int64_t tokens) {
    if (counts_.size() >= max_size) counts_.clear();
    counts_[hash(messages)] = tokens;
}

}  // namespace enough
