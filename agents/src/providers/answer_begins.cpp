#include "providers/answer_begins.hpp"

namespace enough {

namespace {

constexpr std::string_view close_tag = "</think>";
constexpr auto nowhere = std::string_view::npos;

}  // namespace

std::optional<std::size_t> answer_begins(std::string_view bytes, std::string_view reasoning, std::string_view answer) {
    if (answer.empty()) return reasoning.empty() ? 0 : bytes.size();
    const auto close = bytes.find(close_tag);
    // A tag in the answer is text like any other: only one that is not of it ends the reasoning.
    const bool ends_reasoning = close != nowhere && (!reasoning.empty() || answer.find(close_tag) == nowhere);
    if (ends_reasoning) return close + close_tag.size();
    if (!reasoning.empty() && bytes.starts_with(reasoning)) return reasoning.size();
    if (const auto at = bytes.rfind(answer); at != nowhere) return at;
    if (reasoning.empty()) return 0;
    return std::nullopt;
}

}  // namespace enough
