#include "suggest.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace enough {
namespace {

// Nobody mistypes longer names, and the work is quadratic.
constexpr std::size_t longest_word = 64;
constexpr std::size_t shortest_beginning = 3;

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_letter(char a, char b) {
    return lower(a) == lower(b);
}

bool begins_with(std::string_view text, std::string_view beginning) {
    return text.size() > beginning.size() && std::equal(beginning.begin(), beginning.end(), text.begin(), same_letter);
}

// Damerau-Levenshtein in its "optimal string alignment" form, three rows at a time.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1), previous(b.size() + 1), current(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j)
        previous[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        current[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = previous[j - 1] + (same_letter(a[i - 1], b[j - 1]) ? 0 : 1);
            current[j] = std::min({replaced, previous[j] + 1, current[j - 1] + 1});
            const bool swapped = i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) && same_letter(a[i - 2], b[j - 1]);
            if (swapped) current[j] = std::min(current[j], before[j - 2] + 1);
        }
        std::swap(before, previous);
        std::swap(previous, current);
    }
    return previous[b.size()];
}

std::optional<std::string> only_one_beginning_with(std::string_view word, std::span<const std::string> known) {
    if (word.size() < shortest_beginning) return std::nullopt;
    const std::string* found = nullptr;
    for (const std::string& candidate : known) {
        if (!begins_with(candidate, word)) continue;
        if (found) return std::nullopt;
        found = &candidate;
    }
    return found ? std::optional<std::string>(*found) : std::nullopt;
}

}  // namespace

std::optional<std::string> closest(std::string_view word, std::span<const std::string> known) {
    if (word.empty() || word.size() > longest_word) return std::nullopt;
    const std::size_t allowed = std::max<std::size_t>(1, word.size() / 3);
    const std::string* best = nullptr;
    std::size_t best_distance = allowed + 1;
    for (const std::string& candidate : known) {
        if (candidate.empty() || candidate.size() > word.size() + allowed) continue;
        const std::size_t edits = distance(word, candidate);
        // A short word that shares no letter with the candidate is no slip of the finger.
        if (edits >= best_distance || edits >= std::max(word.size(), candidate.size())) continue;
        best = &candidate;
        best_distance = edits;
    }
    if (best) return *best;
    return only_one_beginning_with(word, known);
}

std::string did_you_mean(std::string_view word, std::span<const std::string> known) {
    const std::optional<std::string> meant = closest(word, known);
    return meant ? "; did you mean '" + *meant + "'?" : std::string();
}

}  // namespace enough
