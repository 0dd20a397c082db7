#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace enough {

/// The known word that `word` was most likely meant to be: at most max(1, length/3) edits away (insert, delete,
/// replace, swap of neighbours; case ignored), or the only one it is the beginning of. The first of equals.
std::optional<std::string> closest(std::string_view word, std::span<const std::string> known);

/// `; did you mean 'question'?`, to be put after a message, or nothing.
std::string did_you_mean(std::string_view word, std::span<const std::string> known);

}  // namespace enough
