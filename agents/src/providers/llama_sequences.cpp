#include "providers/llama_sequences.hpp"

#include <algorithm>
#include <map>

namespace enough::llama {

namespace {

// Token counts in a prompt by where the text is, for the places beside special tokens.
using Anchors = std::map<std::size_t, std::size_t>;

Anchors anchors(const TokenText& prompt, const std::vector<bool>& is_control) {
    Anchors found;
    for (std::size_t i = 0; i < prompt.size(); ++i) {
        const bool next_is_control = i + 1 < prompt.size() && is_control[i + 1];
        if (is_control[i] || next_is_control) found[prompt.ends[i]] = i + 1;
    }
    return found;
}

struct Match {
    std::size_t of_cache = 0;   // tokens taken from the cache
    std::size_t of_prompt = 0;  // tokens of the prompt that they stand for
};

std::size_t common_length(const auto& a, const auto& b) {
    const auto end = std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first;
    return static_cast<std::size_t>(end - a.begin());
}

Match match(const TokenText& cached, const TokenText& prompt, const Anchors& anchors) {
    const auto tokens = common_length(cached.tokens, prompt.tokens);
    const auto text = common_length(cached.text, prompt.text);
    auto count =
        static_cast<std::size_t>(std::upper_bound(cached.ends.begin(), cached.ends.end(), text) - cached.ends.begin());
    for (; count > tokens; --count) {
        const auto anchor = anchors.find(cached.ends[count - 1]);
        if (anchor != anchors.end()) return {count, anchor->second};
    }
    return {tokens, tokens};
}

TokenText joined(const TokenText& cached, const TokenText& prompt, const Match& match) {
    if (common_length(cached.tokens, prompt.tokens) == match.of_cache) return prompt;
    TokenText result = cached;
    result.shorten(match.of_cache);
    for (auto i = match.of_prompt; i < prompt.size(); ++i)
        result.append(prompt.tokens[i], prompt.bytes(i));
    return result;
}

}  // namespace

void TokenText::append(TokenId token, std::string_view bytes) {
    tokens.push_back(token);
    text += bytes;
    ends.push_back(text.size());
}

void TokenText::shorten(std::size_t count) {
    if (count >= tokens.size()) return;
    tokens.resize(count);
    ends.resize(count);
    text.resize(count == 0 ? 0 : ends.back());
}

std::string_view TokenText::bytes(std::size_t index) const {
    const auto begin = index == 0 ? 0 : ends[index - 1];
    return std::string_view(text).substr(begin, ends[index] - begin);
}

Sequences::Sequences(int count) {
    all_.resize(static_cast<std::size_t>(count));
    for (int id = 0; id < count; ++id)
        all_[static_cast<std::size_t>(id)].id = id;
}

std::optional<Placement> Sequences::place(const TokenText& prompt, const std::vector<bool>& is_control) {
    Sequence* free = nullptr;  // an empty one, else the one used longest ago
    Sequence* source = nullptr;
    Match longest;
    const auto places = anchors(prompt, is_control);
    for (auto& sequence : all_) {
        const auto found = match(sequence.decoded, prompt, places);
        const bool equal_but_idle = source != nullptr && source->busy && !sequence.busy;
        if (found.of_cache > longest.of_cache ||
            (found.of_cache > 0 && found.of_cache == longest.of_cache && equal_but_idle)) {
            longest = found;
            source = &sequence;
        }
        if (sequence.busy) continue;
        const bool better = free == nullptr || (free->decoded.size() > 0 && sequence.decoded.size() == 0) ||
                            (free->decoded.size() > 0 && sequence.last_used < free->last_used);
        if (better) free = &sequence;
    }
    if (free == nullptr) return std::nullopt;

    Placement placement;
    placement.source = source;
    placement.prompt = source != nullptr ? joined(source->decoded, prompt, longest) : prompt;
    placement.kept = std::min(longest.of_cache, placement.prompt.size() - 1);
    // A conversation that goes on stays where it is. One that turns off shares its beginning and is kept for others.
    const bool goes_on = source != nullptr && !source->busy && longest.of_cache == source->decoded.size();
    placement.target = goes_on ? source : free;
    return placement;
}

Sequence* Sequences::oldest_idle() {
    Sequence* oldest = nullptr;
    for (auto& sequence : all_) {
        if (sequence.busy || sequence.decoded.size() == 0) continue;
        if (oldest == nullptr || sequence.last_used < oldest->last_used) oldest = &sequence;
    }
    return oldest;
}

}  // namespace enough::llama
