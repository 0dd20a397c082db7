#include "providers/llama_chat.hpp"

#include "providers/role_name.hpp"

#include <llama.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace enough::llama {

namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

// llama.cpp takes C strings: a zero byte would cut the message short without a word.
std::string without_zeros(const std::string& text) {
    std::string clean;
    clean.reserve(text.size());
    for (const char character : text) {
        if (character == '\0') {
            clean += replacement;
        } else {
            clean += character;
        }
    }
    return clean;
}

// The text that llama.cpp makes, or nothing if it does not know the template.
std::optional<std::string> filled_in(const char* chat_template, const std::vector<llama_chat_message>& messages) {
    std::string text(256, '\0');
    for (int attempt = 0; attempt < 2; ++attempt) {
        const auto length = llama_chat_apply_template(chat_template, messages.data(), messages.size(), true,
                                                      text.data(), static_cast<std::int32_t>(text.size()));
        if (length < 0) return std::nullopt;
        const bool fits = static_cast<std::size_t>(length) <= text.size();
        text.resize(static_cast<std::size_t>(length));
        if (fits) return text;
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::string> default_system_message(const std::string& chat_template) {
    constexpr std::string_view opening = "<|im_start|>system";
    constexpr std::string_view closing = "<|im_end|>";
    for (auto at = chat_template.find(opening); at != std::string::npos; at = chat_template.find(opening, at + 1)) {
        std::string_view rest = chat_template;
        rest.remove_prefix(at + opening.size());
        if (rest.starts_with("\n")) {
            rest.remove_prefix(1);
        } else if (rest.starts_with("\\n")) {
            rest.remove_prefix(2);
        } else {
            continue;
        }
        const auto message = rest.substr(0, rest.find(closing));
        const bool literal = message.size() < rest.size() && message.find_first_of("'\"{}\\") == std::string_view::npos;
        if (literal && !message.empty()) return std::string(message);
    }
    return std::nullopt;
}

std::string render_chat(const std::string& chat_template, const std::vector<Message>& messages) {
    std::vector<std::string> contents;
    std::vector<llama_chat_message> chat;
    const bool has_system = !messages.empty() && messages.front().role == Role::system;
    const auto added = has_system ? std::nullopt : default_system_message(chat_template);
    contents.reserve(messages.size());
    if (added) chat.push_back(llama_chat_message{"system", added->c_str()});
    for (const auto& message : messages) {
        contents.push_back(without_zeros(message.content));
        chat.push_back(llama_chat_message{role_name(message.role), contents.back().c_str()});
    }
    if (!chat_template.empty()) {
        if (auto text = filled_in(chat_template.c_str(), chat)) return std::move(*text);
    }
    return filled_in("chatml", chat).value_or(std::string());
}

}  // namespace enough::llama
