#pragma once

#include <enough/agents/agent.hpp>

#include <array>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace enough {

template <class T, std::size_t n>
using NameTable = std::array<std::pair<T, const char*>, n>;

// The words of a cassette: part of its format, whatever the program calls them elsewhere.

inline constexpr NameTable<FinishReason, 6> finish_reason_words{{{FinishReason::stop, "stop"},
                                                                 {FinishReason::length, "length"},
                                                                 {FinishReason::filter, "filter"},
                                                                 {FinishReason::stopped_early, "stopped_early"},
                                                                 {FinishReason::tool_calls, "tool_calls"},
                                                                 {FinishReason::other, "other"}}};

inline constexpr NameTable<Role, 4> role_words{
    {{Role::system, "system"}, {Role::user, "user"}, {Role::assistant, "assistant"}, {Role::tool, "tool"}}};

inline constexpr NameTable<Phase, 2> phase_words{{{Phase::reasoning, "reasoning"}, {Phase::answer, "answer"}}};

template <class T, std::size_t n>
const char* word(const NameTable<T, n>& table, T value) {
    for (const auto& [known, text] : table)
        if (known == value) return text;
    throw std::logic_error("a value without a name");
}

template <class T, std::size_t n>
T meaning(const NameTable<T, n>& table, std::string_view text, const char* what) {
    for (const auto& [value, known] : table)
        if (known == text) return value;
    throw std::invalid_argument(std::string("unknown ") + what + " '" + std::string(text.substr(0, 40)) + "'");
}

}  // namespace enough
