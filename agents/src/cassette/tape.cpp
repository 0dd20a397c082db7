#include <enough/agents/cassette.hpp>

#include "cassette/nearest.hpp"
#include "cassette/same_request.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace enough {
namespace {

class Hash {
public:
    template <class T>
    void add(const T& value) {
        sum_ ^= std::hash<T>()(value) + 0x9e3779b97f4a7c15U + (sum_ << 6) + (sum_ >> 2);
    }
    std::size_t sum() const { return sum_; }

private:
    std::size_t sum_ = 0;
};

// What a recording must have in common with a request, taken from either.
template <class Call>
std::size_t hash(std::string_view model, const Call& call) {
    Hash hash;
    hash.add(model);
    for (const Message& message : call.messages) {
        hash.add(message.role);
        hash.add(message.content);
        hash.add(message.tool_calls.size());
        hash.add(message.tool_call_id);
    }
    const Sampling& sampling = call.sampling;
    hash.add(sampling.temperature);
    hash.add(sampling.top_p);
    hash.add(sampling.seed);
    hash.add(sampling.max_tokens);
    hash.add(sampling.reasoning_effort);
    for (const std::string& text : sampling.stop)
        hash.add(text);
    for (const ToolSpec& tool : call.tools)
        hash.add(tool.name);
    hash.add(call.tools_forbidden);
    return hash.sum();
}

}  // namespace

Tape::Recording Tape::add(RecordedCall call) {
    auto recording = std::make_shared<const RecordedCall>(std::move(call));
    const std::lock_guard lock(mutex_);
    calls_.push_back(recording);
    auto& groups = groups_[hash(recording->model, *recording)];
    const auto equal = std::find_if(groups.begin(), groups.end(), [&](const Group& group) {
        const RecordedCall& other = *group.front();
        return other.model == recording->model && same_request(other, *recording);
    });
    if (equal != groups.end())
        equal->push_back(recording);
    else
        groups.push_back({recording});
    return recording;
}

const Tape::Group* Tape::group(std::string_view model, const Request& request) const {
    const auto groups = groups_.find(hash(model, request));
    if (groups == groups_.end()) return nullptr;
    for (const Group& group : groups->second) {
        const RecordedCall& call = *group.front();
        if (call.model == model && same_request(call, request)) return &group;
    }
    return nullptr;
}

Tape::Recording Tape::find(std::string_view model, const Request& request,
                           const std::unordered_set<const RecordedCall*>& used) const {
    const std::lock_guard lock(mutex_);
    const Group* equal = group(model, request);
    if (equal == nullptr) return nullptr;
    const auto fitting = std::find_if(equal->begin(), equal->end(), [&](const Recording& recording) {
        return recording->top_logprobs >= request.top_logprobs && !used.contains(recording.get());
    });
    return fitting == equal->end() ? nullptr : *fitting;
}

std::string Tape::nearest(std::string_view model, const Request& request) const {
    const auto recordings = calls();  // to be compared without holding others up
    return describe_nearest(recordings, model, request);
}

std::vector<Tape::Recording> Tape::calls() const {
    const std::lock_guard lock(mutex_);
    return calls_;
}

std::size_t Tape::size() const {
    const std::lock_guard lock(mutex_);
    return calls_.size();
}

}  // namespace enough
