#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace enough {

/// The last number in the text, in its canonical spelling (see extract.hpp).
std::optional<std::string> extract_number(std::string_view text);

/// The content of the last \boxed{} or \fbox{}; nothing when that one is not closed or is empty.
std::optional<std::string> extract_boxed(std::string_view text);

/// The letter A-E that the text settles on (see extract.hpp).
std::optional<std::string> extract_choice(std::string_view text);

/// A box of LaTeX in a text: where the command stands and where its content lies.
struct Box {
    std::size_t begin;
    std::string_view content;
};

/// The last box, if it is closed.
std::optional<Box> last_box(std::string_view text);

/// The last complete, outermost JSON object or list in the text; failing that, the whole text, or the content of its
/// last code fence, when that is a JSON value. Linear in the text's length.
std::optional<std::string_view> last_json(std::string_view text);

}  // namespace enough
