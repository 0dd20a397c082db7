#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace enough::llama {

using TokenId = std::int32_t;

/// Tokens and the text they stand for, with the places where a tokenizer is sure to begin anew.
struct TokenText {
    std::vector<TokenId> tokens;
    std::string text;               ///< the bytes of all tokens
    std::vector<std::size_t> ends;  ///< where each token's bytes end in `text`

    void append(TokenId token, std::string_view bytes);
    void shorten(std::size_t count);
    std::size_t size() const { return tokens.size(); }
    std::string_view bytes(std::size_t index) const;
};

/// One conversation in the model's cache.
struct Sequence {
    int id = 0;
    TokenText decoded;  ///< what the cache holds of it
    bool busy = false;  ///< an answer is being written here
    std::uint64_t last_used = 0;
};

/// How a prompt begins in the cache.
struct Placement {
    Sequence* target = nullptr;        ///< where the answer will be written
    const Sequence* source = nullptr;  ///< the conversation with the longest common beginning, if any
    std::size_t kept = 0;              ///< tokens of that beginning, less than the prompt's
    TokenText prompt;                  ///< the prompt's tokens as they are to be decoded
};

/// What the model's cache holds, and where the next prompt goes so that the least is decoded again. Pure bookkeeping.
class Sequences {
public:
    explicit Sequences(int count);

    /// Chooses for a prompt. `is_control` tells of each of its tokens whether it is a special one. Tokens that were
    /// sampled need not be those that the tokenizer finds in their text, so a beginning may also match by its text, up
    /// to a special token. Nothing if all sequences are busy.
    std::optional<Placement> place(const TokenText& prompt, const std::vector<bool>& is_control);

    /// The idle sequence that was used longest ago and holds something.
    Sequence* oldest_idle();

    void touch(Sequence& sequence) { sequence.last_used = ++clock_; }

private:
    std::vector<Sequence> all_;
    std::uint64_t clock_ = 0;
};

}  // namespace enough::llama
