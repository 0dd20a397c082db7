#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace enough::llama {

/// Makes text that can be shown out of tokens' bytes: characters split over tokens come out whole, bytes that are no
/// UTF-8 as U+FFFD, and the text ends before the first stop string.
class TextStream {
public:
    explicit TextStream(std::vector<std::string> stop_strings);

    /// The text that is certain after the next token. What may yet become a character or a stop string is held back.
    std::string feed(std::string_view bytes);

    /// What was held back, at the end of the answer.
    std::string finish();

    bool stopped() const { return stopped_; }

private:
    std::string release();

    std::vector<std::string> stop_strings_;
    std::string bytes_;  // the beginning of a character
    std::string text_;   // whole characters that are held back
    bool stopped_ = false;
};

}  // namespace enough::llama
