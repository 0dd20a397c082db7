#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace enough {

/// Where in the joined bytes of an answer's tokens the answer itself begins, after what was reasoned. `reasoning` and
/// `answer` are the texts as the server separated them; the tokens may hold the tags between them, and special tokens,
/// of which the texts have none: servers take the reasoning out of the text but not out of the list of tokens
/// (github.com/sgl-project/sglang/issues/25055). Absent if it can't be told, since the bytes do not spell the texts.
std::optional<std::size_t> answer_begins(std::string_view bytes, std::string_view reasoning, std::string_view answer);

}  // namespace enough
