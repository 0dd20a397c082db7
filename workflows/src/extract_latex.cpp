#include "extract_rules.hpp"

#include "number_text.hpp"

namespace enough {
namespace {

// The offset of the brace that closes the one at `open`; `\{` and `\}` are letters of LaTeX, not braces.
std::size_t closing_brace(std::string_view text, std::size_t open) {
    std::size_t depth = 0;
    for (std::size_t at = open; at < text.size(); ++at) {
        if (text[at] == '\\') {
            ++at;
        } else if (text[at] == '{') {
            ++depth;
        } else if (text[at] == '}' && --depth == 0) {
            return at;
        }
    }
    return std::string_view::npos;
}

std::size_t last_of(std::string_view text, std::string_view command, std::size_t& brace) {
    for (std::size_t at = text.rfind(command); at != std::string_view::npos;
         at = at == 0 ? std::string_view::npos : text.rfind(command, at - 1)) {
        const std::size_t after = text.find_first_not_of(" \t\r\n", at + command.size());
        if (after == std::string_view::npos || text[after] != '{') continue;
        brace = after;
        return at;
    }
    return std::string_view::npos;
}

}  // namespace

std::optional<Box> last_box(std::string_view text) {
    std::optional<Box> last;
    for (const std::string_view command : {"\\boxed", "\\fbox"}) {
        std::size_t brace = 0;
        const std::size_t begin = last_of(text, command, brace);
        if (begin == std::string_view::npos || (last && last->begin > begin)) continue;
        last = Box{begin, text.substr(brace)};
    }
    if (!last) return std::nullopt;
    const std::size_t end = closing_brace(last->content, 0);
    if (end == std::string_view::npos) return std::nullopt;
    last->content = trim(last->content.substr(1, end - 1));
    return last;
}

std::optional<std::string> extract_boxed(std::string_view text) {
    const std::optional<Box> box = last_box(text);
    if (!box || box->content.empty()) return std::nullopt;
    return std::string(box->content);
}

}  // namespace enough
