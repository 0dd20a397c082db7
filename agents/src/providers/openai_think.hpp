#pragma once

#include <enough/agents/token.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace enough {

/// Splits an answer that begins with `<think>…</think>` into its reasoning and the rest, while it arrives in pieces cut
/// anywhere. The tags belong to neither part, nor does the white space that follows them.
class ThinkText {
public:
    struct Split {
        std::string reasoning;
        std::string answer;
    };

    /// What can be told apart after the next piece. An undecided rest is held back until `finish`.
    Split feed(std::string_view piece);
    Split finish();

    /// The reasoning comes in a field of its own: nothing is looked for any more.
    Split disable();

    /// An opening tag was found.
    bool tagged() const { return tagged_; }
    /// What came so far may be the beginning of a tag.
    bool undecided() const { return state_ == State::start && !held_.empty(); }
    /// Of what came last; the closing tag is reasoning.
    Phase phase() const {
        return state_ == State::inside || state_ == State::after_tag ? Phase::reasoning : Phase::answer;
    }

private:
    void feed_start(Split& split);
    void feed_inside(Split& split);
    void feed_after(Split& split);

    enum class State { start, inside, after_tag, answer };
    State state_ = State::start;
    bool tagged_ = false;
    bool trim_ = false;
    std::string held_;
};

/// The same for tokens: tells which phase each belongs to. Tokens that make up a tag belong to the reasoning.
class ThinkTokens {
public:
    ThinkTokens() = default;
    /// The reasoning has begun already, in a field of its own or with a tag in the prompt.
    static ThinkTokens inside_reasoning();

    /// The phase of this token and of all before it that are still undecided; nothing while that can't be told.
    std::optional<Phase> feed(std::string_view bytes);

    /// An opening tag was found, or was known to be there.
    bool tagged() const { return tagged_; }
    /// The next token belongs to the answer.
    bool past_reasoning() const { return state_ == State::answer; }

private:
    enum class State { start, inside, answer };
    State state_ = State::start;
    bool tagged_ = false;
    std::string seen_;
};

}  // namespace enough
