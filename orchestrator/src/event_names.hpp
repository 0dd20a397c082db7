#pragma once

#include <enough/agents/agent.hpp>
#include <enough/agents/answer.hpp>

#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace enough {

template <class T>
using Names = std::initializer_list<std::pair<T, std::string_view>>;

inline const Names<FinishReason> finish_reasons{{FinishReason::stop, "stop"},
                                                {FinishReason::length, "length"},
                                                {FinishReason::filter, "filter"},
                                                {FinishReason::stopped_early, "stopped_early"},
                                                {FinishReason::tool_calls, "tool_calls"},
                                                {FinishReason::other, "other"}};
inline const Names<Role> roles{
    {Role::system, "system"}, {Role::user, "user"}, {Role::assistant, "assistant"}, {Role::tool, "tool"}};
inline const Names<AttemptKind> attempt_kinds{
    {AttemptKind::retry, "retry"}, {AttemptKind::hedge, "hedge"}, {AttemptKind::fallback, "fallback"}};

template <class T>
std::string_view named(const Names<T>& names, T value) {
    for (const auto& [known, text] : names)
        if (known == value) return text;
    return "other";
}

template <class T>
T value_named(const Names<T>& names, const std::string& text, const char* what) {
    for (const auto& [known, known_text] : names)
        if (known_text == text) return known;
    throw std::invalid_argument(std::string("unknown ") + what + " '" + text.substr(0, 40) + "'");
}

}  // namespace enough
