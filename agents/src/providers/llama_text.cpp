#include "providers/llama_text.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

namespace enough::llama {

namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

// Bytes that the character beginning with `lead` has, and the range of its second byte; 0 if none begins so.
struct Shape {
    std::size_t length = 0;
    unsigned char second_low = 0x80;
    unsigned char second_high = 0xBF;
};

Shape shape(unsigned char lead) {
    if (lead < 0x80) return {1};
    if (lead >= 0xC2 && lead <= 0xDF) return {2};
    if (lead == 0xE0) return {3, 0xA0, 0xBF};
    if (lead == 0xED) return {3, 0x80, 0x9F};
    if (lead >= 0xE1 && lead <= 0xEF) return {3};
    if (lead == 0xF0) return {4, 0x90, 0xBF};
    if (lead >= 0xF1 && lead <= 0xF3) return {4};
    if (lead == 0xF4) return {4, 0x80, 0x8F};
    return {0};
}

// Bytes at the front that agree with the character begun there; 0 if not even the first does.
std::size_t agreeing(std::string_view bytes, const Shape& expected) {
    if (expected.length == 0) return 0;
    std::size_t count = 1;
    while (count < expected.length && count < bytes.size()) {
        const auto byte = static_cast<unsigned char>(bytes[count]);
        const bool fits =
            count == 1 ? byte >= expected.second_low && byte <= expected.second_high : byte >= 0x80 && byte <= 0xBF;
        if (!fits) break;
        ++count;
    }
    return count;
}

// Moves whole characters from `bytes` to the end of `text`; leaves a character that has only begun.
void move_characters(std::string& bytes, std::string& text) {
    std::string_view rest = bytes;
    while (!rest.empty()) {
        const auto expected = shape(static_cast<unsigned char>(rest.front()));
        const auto count = agreeing(rest, expected);
        if (count == expected.length && count > 0) {
            text += rest.substr(0, count);
        } else if (count == rest.size()) {
            break;
        } else {
            text += replacement;
        }
        rest.remove_prefix(std::max<std::size_t>(count, 1));
    }
    bytes.erase(0, bytes.size() - rest.size());
}

// Length of the longest end of `text` that is the beginning of `word`, but not all of it.
std::size_t begun(std::string_view text, std::string_view word) {
    for (auto length = std::min(text.size(), word.size() - 1); length > 0; --length) {
        if (text.ends_with(word.substr(0, length))) return length;
    }
    return 0;
}

}  // namespace

TextStream::TextStream(std::vector<std::string> stop_strings) : stop_strings_(std::move(stop_strings)) {
    std::erase(stop_strings_, std::string());
}

std::string TextStream::feed(std::string_view bytes) {
    if (stopped_) return {};
    bytes_ += bytes;
    move_characters(bytes_, text_);
    return release();
}

std::string TextStream::release() {
    auto end = std::string::npos;
    for (const auto& stop : stop_strings_)
        end = std::min(end, text_.find(stop));
    if (end != std::string::npos) {
        stopped_ = true;
        text_.resize(end);
        return std::exchange(text_, {});
    }
    std::size_t held = 0;
    for (const auto& stop : stop_strings_)
        held = std::max(held, begun(text_, stop));
    auto certain = text_.substr(0, text_.size() - held);
    text_.erase(0, certain.size());
    return certain;
}

std::string TextStream::finish() {
    if (!bytes_.empty() && !stopped_) text_ += replacement;
    bytes_.clear();
    return std::exchange(text_, {});
}

}  // namespace enough::llama
