#include "engine/samples.hpp"

#include <boost/container_hash/hash.hpp>

namespace enough {
namespace {

void add(std::size_t& hash, const Message& message) {
    boost::hash_combine(hash, static_cast<int>(message.role));
    boost::hash_combine(hash, message.content);
    boost::hash_combine(hash, message.tool_call_id);
    for (const ToolCall& call : message.tool_calls) {
        boost::hash_combine(hash, call.id);
        boost::hash_combine(hash, call.name);
        boost::hash_combine(hash, call.arguments);
    }
}

void add(std::size_t& hash, const Sampling& sampling) {
    boost::hash_combine(hash, sampling.temperature.value_or(-1));
    boost::hash_combine(hash, sampling.top_p.value_or(-1));
    boost::hash_combine(hash, sampling.seed.has_value());
    boost::hash_combine(hash, sampling.seed.value_or(0));
    boost::hash_combine(hash, sampling.max_tokens.value_or(-1));
    boost::hash_combine(hash, sampling.reasoning_effort.value_or(""));
    boost::hash_range(hash, sampling.stop.begin(), sampling.stop.end());
}

}  // namespace

int Samples::next(const Ask& ask) {
    std::size_t hash = 0;
    boost::hash_combine(hash, ask.model);
    for (const Message& message : ask.messages)
        add(hash, message);
    add(hash, ask.sampling);
    return seen_[hash]++;
}

}  // namespace enough
