#include "suggest.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace enough {
namespace {

const std::vector<std::string> known = {"question", "context", "temperature", "top_k", "top_p"};

TEST(Suggest, FindsASlipOfTheFinger) {
    const std::vector<std::pair<std::string, std::string>> slips = {
        {"qestion", "question"},                                  // one left out
        {"quesstion", "question"},                                // one too many
        {"quastion", "question"},                                 // one replaced
        {"quesiton", "question"},                                 // two swapped
        {"Question", "question"},                                 // case
        {"CONTEXT", "context"},                                   //
        {"tempreature", "temperature"}, {"temp", "temperature"},  // a beginning
    };
    for (const auto& [typed, meant] : slips)
        EXPECT_EQ(closest(typed, known), meant) << typed;
}

TEST(Suggest, KeepsSilentAboutOtherWords) {
    for (const char* word : {"", "answer", "x", "te", "to", "questionnaires", "model"})
        EXPECT_EQ(closest(word, known), std::nullopt) << word;
    EXPECT_EQ(closest("question", {}), std::nullopt);
    EXPECT_EQ(closest(std::string(100'000, 'q'), known), std::nullopt);
}

TEST(Suggest, TakesTheFirstOfEqualsAndNoAmbiguousBeginning) {
    EXPECT_EQ(closest("top_x", known), "top_k");
    EXPECT_EQ(closest("top", known), std::nullopt);
}

TEST(Suggest, OneEditIsTooMuchForASingleLetter) {
    const std::vector<std::string> letters = {"a", "b"};
    EXPECT_EQ(closest("c", letters), std::nullopt);
}

TEST(Suggest, ASwapCountsOnce) {
    const std::vector<std::string> words = {"ab"};
    EXPECT_EQ(closest("ba", words), "ab");
}

TEST(Suggest, PutsTheWordIntoWords) {
    EXPECT_EQ(did_you_mean("qestion", known), "; did you mean 'question'?");
    EXPECT_EQ(did_you_mean("answer", known), "");
}

}  // namespace
}  // namespace enough
