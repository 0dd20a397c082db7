#include "providers/openai_think.hpp"

#include <algorithm>

namespace enough {

namespace {

constexpr std::string_view open_tag = "<think>";
constexpr std::string_view close_tag = "</think>";
constexpr std::string_view white_space = " \t\r\n";
constexpr std::size_t max_leading_space = 64;  // no answer is held back for longer than that

enum class Opening { undecided, tag, none };

// Whether text begins with the opening tag; `rest` is what follows it.
Opening opening(std::string_view text, std::string_view& rest) {
    const auto start = text.find_first_not_of(white_space);
    if (start == std::string_view::npos) return text.size() > max_leading_space ? Opening::none : Opening::undecided;
    const auto trimmed = text.substr(start);
    if (trimmed.starts_with(open_tag)) {
        rest = trimmed.substr(open_tag.size());
        return Opening::tag;
    }
    return open_tag.starts_with(trimmed) ? Opening::undecided : Opening::none;
}

// Length of the longest end of the text that may be the beginning of a closing tag.
std::size_t begun_close_tag(std::string_view text) {
    for (auto length = std::min(text.size(), close_tag.size() - 1); length > 0; --length) {
        if (text.ends_with(close_tag.substr(0, length))) return length;
    }
    return 0;
}

}  // namespace

ThinkText::Split ThinkText::feed(std::string_view piece) {
    Split split;
    if (state_ == State::answer) {
        split.answer = piece;
        return split;
    }
    held_ += piece;
    if (state_ == State::start) feed_start(split);
    if (state_ == State::inside) feed_inside(split);
    if (state_ == State::after_tag) feed_after(split);
    return split;
}

void ThinkText::feed_start(Split& split) {
    std::string_view rest;
    switch (opening(held_, rest)) {
        case Opening::undecided:
            return;
        case Opening::tag:
            held_ = std::string(rest);
            state_ = State::inside;
            tagged_ = true;
            trim_ = true;
            return;
        case Opening::none:
            split.answer = std::move(held_);
            held_.clear();
            state_ = State::answer;
            return;
    }
}

void ThinkText::feed_inside(Split& split) {
    if (trim_) {
        held_.erase(0, held_.find_first_not_of(white_space));
        trim_ = held_.empty();
    }
    const auto close = held_.find(close_tag);
    const auto reasoning = close == std::string::npos ? held_.size() - begun_close_tag(held_) : close;
    split.reasoning = held_.substr(0, reasoning);
    if (close == std::string::npos) {
        held_.erase(0, reasoning);
        return;
    }
    held_.erase(0, close + close_tag.size());
    state_ = State::after_tag;
}

void ThinkText::feed_after(Split& split) {
    held_.erase(0, held_.find_first_not_of(white_space));
    if (held_.empty()) return;
    split.answer = std::move(held_);
    held_.clear();
    state_ = State::answer;
}

ThinkText::Split ThinkText::finish() {
    Split split;
    (state_ == State::inside ? split.reasoning : split.answer) = std::move(held_);
    held_.clear();
    state_ = State::answer;
    return split;
}

ThinkText::Split ThinkText::disable() {
    return finish();
}

ThinkTokens ThinkTokens::inside_reasoning() {
    ThinkTokens tokens;
    tokens.state_ = State::inside;
    tokens.tagged_ = true;
    return tokens;
}

std::optional<Phase> ThinkTokens::feed(std::string_view bytes) {
    if (state_ == State::answer) return Phase::answer;
    seen_ += bytes;
    if (state_ == State::start) {
        std::string_view rest;
        switch (opening(seen_, rest)) {
            case Opening::undecided:
                return std::nullopt;
            case Opening::none:
                state_ = State::answer;
                return Phase::answer;
            case Opening::tag:
                state_ = State::inside;
                tagged_ = true;
                seen_ = std::string(rest);
                break;
        }
    }
    if (seen_.find(close_tag) != std::string::npos) {
        state_ = State::answer;
    } else {
        seen_.erase(0, seen_.size() - begun_close_tag(seen_));
    }
    return Phase::reasoning;
}

}  // namespace enough
