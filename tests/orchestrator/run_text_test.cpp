// What is kept of a run's tokens for people who watch.

#include "serve/run_text.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace enough {
namespace {

Token token(std::string bytes, std::vector<double> logprobs = {}) {
    Token made;
    made.bytes = std::move(bytes);
    for (std::size_t i = 0; i < logprobs.size(); ++i)
        made.candidates.push_back({"c" + std::to_string(i), logprobs[i]});
    return made;
}

TEST(RunText, MeasuresEachTokenOverItsCandidates) {
    RunText text;
    text.on_token(1, token("sure", {std::log(0.5), std::log(0.5)}));
    text.on_token(1, token(" alone", {std::log(0.9)}));
    const auto& call = text.calls().at(1);
    EXPECT_EQ(call.text, "sure alone");
    EXPECT_NEAR(call.pieces.at(0).bits, 1, 1e-6);     // two equal candidates: one bit
    EXPECT_TRUE(std::isnan(call.pieces.at(1).bits));  // one candidate says nothing
}

TEST(RunText, GivesACharacterToTheTokenThatCompletesIt) {
    RunText text;
    text.on_token(1, token("a\xE2\x82"));
    text.on_token(1, token("\xAC"));
    const auto& call = text.calls().at(1);
    EXPECT_EQ(call.text, "a\u20AC");
    EXPECT_EQ(call.pieces.at(0).end, 1U);
    EXPECT_EQ(call.pieces.at(1).end, 4U);
}

TEST(RunText, LetsBytesPassThatAreNoCharacter) {
    RunText text;
    text.on_token(1, token("\x80\x80\x80\x80\x80"));
    text.on_token(1, token("\xFF"
                           "b"));
    EXPECT_EQ(text.calls().at(1).text,
              "\x80\x80\x80\x80\x80\xFF"
              "b");
}

TEST(RunText, TakesTextWithoutTokensAsItComes) {
    RunText text;
    text.on_delta({.call = 1, .text = "as it "});
    text.on_delta({.call = 1, .text = "comes"});
    EXPECT_EQ(text.calls().at(1).text, "as it comes");
    EXPECT_EQ(text.calls().at(1).pieces.size(), 2U);
}

TEST(RunText, TakesTextOnceThatComesBothWays) {
    RunText text;
    for (const char* word : {"one", " two"}) {
        text.on_delta({.call = 1, .text = word});
        text.on_token(1, token(word));
    }
    EXPECT_EQ(text.calls().at(1).text, "one two");
    EXPECT_EQ(text.calls().at(1).pieces.size(), 2U);
}

TEST(RunText, BeginsAnewWithARestartedCall) {
    RunText text;
    text.on_token(1, token("lost"));
    const auto before = text.calls().at(1).generation;
    text.on_delta({.call = 1, .restart = true});
    EXPECT_EQ(text.calls().at(1).text, "");
    EXPECT_NE(text.calls().at(1).generation, before);
    EXPECT_EQ(text.bytes(), 0U);
}

TEST(RunText, StopsKeepingAtItsLimit) {
    RunText text;
    const std::string large(RunText::most_bytes / 2, 'x');
    for (int i = 0; i < 3; ++i)
        text.on_token(1, token(large));
    EXPECT_TRUE(text.calls().at(1).cut);
    EXPECT_LE(text.bytes(), RunText::most_bytes);
}

TEST(RunTexts, ForgetTheOldestWhenThereAreTooMany) {
    RunTexts texts;
    for (std::size_t i = 0; i < RunTexts::most_runs + 2; ++i)
        texts.open(std::to_string(i));
    EXPECT_EQ(texts.find("0"), nullptr);
    EXPECT_EQ(texts.find("1"), nullptr);
    EXPECT_NE(texts.find("2"), nullptr);
}

TEST(RunTexts, ForgetTheOldestWhenTheyAreTooLarge) {
    RunTexts texts;
    const std::string large(RunText::most_bytes / 2, 'x');
    const std::size_t runs = 2 * RunTexts::most_bytes / RunText::most_bytes + 4;
    for (std::size_t i = 0; i < runs; ++i)
        texts.open(std::to_string(i))->on_token(1, token(large));
    EXPECT_EQ(texts.find("0"), nullptr);
    EXPECT_NE(texts.find(std::to_string(runs - 1)), nullptr);
}

}  // namespace
}  // namespace enough
