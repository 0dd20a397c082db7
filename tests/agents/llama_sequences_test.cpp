#include "providers/llama_sequences.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace enough::llama {
namespace {

// A vocabulary in which a token's text is given with it; special tokens are those in angle brackets.
struct Piece {
    TokenId token;
    std::string text;
};

TokenText text_of(const std::vector<Piece>& pieces) {
    TokenText result;
    for (const auto& piece : pieces)
        result.append(piece.token, piece.text);
    return result;
}

std::vector<bool> special(const TokenText& prompt) {
    std::vector<bool> result;
    for (std::size_t i = 0; i < prompt.size(); ++i)
        result.push_back(prompt.bytes(i).starts_with("<"));
    return result;
}

const std::vector<Piece> question{{1, "<user>"}, {10, "what"}, {11, " now"}, {2, "<end>"}, {3, "<model>"}};

std::vector<Piece> operator+(std::vector<Piece> a, const std::vector<Piece>& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

class LlamaSequences : public testing::Test {
protected:
    Placement place(const std::vector<Piece>& pieces) {
        const auto prompt = text_of(pieces);
        return *sequences.place(prompt, special(prompt));
    }
    // Writes an answer to the end as the engine does.
    Sequence& decode(const std::vector<Piece>& prompt, const std::vector<Piece>& answer) {
        auto placement = place(prompt);
        auto& target = *placement.target;
        target.decoded = placement.prompt;
        for (const auto& piece : answer)
            target.decoded.append(piece.token, piece.text);
        sequences.touch(target);
        return target;
    }

    Sequences sequences{3};
};

TEST_F(LlamaSequences, AnEmptyCacheKeepsNothing) {
    const auto placement = place(question);
    EXPECT_EQ(placement.kept, 0U);
    EXPECT_EQ(placement.source, nullptr);
    EXPECT_EQ(placement.prompt.tokens, text_of(question).tokens);
}

TEST_F(LlamaSequences, AConversationThatGoesOnStaysWhereItIs) {
    const std::vector<Piece> answer{{20, "all"}, {21, " good"}};
    auto& first = decode(question, answer);
    const auto placement = place(question + answer + std::vector<Piece>{{2, "<end>"}, {1, "<user>"}, {12, "sure"}});
    EXPECT_EQ(placement.target, &first);
    EXPECT_EQ(placement.kept, question.size() + answer.size());
}

TEST_F(LlamaSequences, SampledTokensMatchByTheirText) {
    // Sampled as two tokens, which the tokenizer would make into one.
    auto& first = decode(question, {{30, "al"}, {31, "l good"}});
    const std::vector<Piece> rest{{2, "<end>"}, {1, "<user>"}, {12, "sure"}};
    const auto placement = place(question + std::vector<Piece>{{20, "all"}, {21, " good"}} + rest);
    EXPECT_EQ(placement.target, &first);
    EXPECT_EQ(placement.kept, question.size() + 2);
    const std::vector<TokenId> expected{1, 10, 11, 2, 3, 30, 31, 2, 1, 12};
    EXPECT_EQ(placement.prompt.tokens, expected);
}

TEST_F(LlamaSequences, TextMatchesOnlyUpToASpecialToken) {
    decode({{1, "<user>"}, {40, "wh"}}, {{41, "a"}});
    // "wha" begins "what" as text, but a prompt's tokens must not depend on what was asked before.
    const auto placement = place(question);
    EXPECT_EQ(placement.kept, 1U);
    EXPECT_EQ(placement.prompt.tokens, text_of(question).tokens);
}

TEST_F(LlamaSequences, TheSamePromptIsNotKeptWholly) {
    decode(question, {});
    EXPECT_EQ(place(question).kept, question.size() - 1);  // the last token's logits are needed
}

TEST_F(LlamaSequences, AConversationThatTurnsOffLeavesTheOtherInPlace) {
    auto& first = decode(question, {{20, "all"}});
    const auto placement = place(question);
    EXPECT_EQ(placement.source, &first);
    EXPECT_NE(placement.target, &first);
    EXPECT_EQ(placement.kept, question.size() - 1);
}

TEST_F(LlamaSequences, ABusySequenceIsASourceButNoTarget) {
    auto& first = decode(question, {});
    first.busy = true;
    const auto placement = place(question);
    EXPECT_EQ(placement.source, &first);
    EXPECT_NE(placement.target, &first);
}

TEST_F(LlamaSequences, TheOneUnusedLongestGivesWay) {
    auto& a = decode({{50, "a"}}, {});
    auto& b = decode({{51, "b"}}, {});
    decode({{52, "c"}}, {});
    EXPECT_EQ(sequences.oldest_idle(), &a);
    sequences.touch(a);
    EXPECT_EQ(sequences.oldest_idle(), &b);
    EXPECT_EQ(place({{53, "d"}}).target, &b);
}

TEST_F(LlamaSequences, NoPlaceWhileAllAreBusy) {
    for (const TokenId token : {50, 51, 52})
        decode({{token, std::to_string(token)}}, {}).busy = true;
    const auto prompt = text_of(question);
    EXPECT_FALSE(sequences.place(prompt, special(prompt)).has_value());
    EXPECT_EQ(sequences.oldest_idle(), nullptr);
}

}  // namespace
}  // namespace enough::llama
