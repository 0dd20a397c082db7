#include <enough/policies/calibration.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace enough {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

CalibrationKey sound() {
    CalibrationKey key;
    key.model = "small";
    key.provider = "openai";
    key.temperature = 0.7;
    key.prompt_hash = "abc";
    key.settings = {{"max_tokens", "512"}, {"top_p", "null"}};
    return key;
}

TEST(CalibrationKey, DoesNotDifferFromItself) {
    EXPECT_THAT(differences(sound(), sound()), IsEmpty());
}

TEST(CalibrationKey, WhatOnlyAServerTellsIsNotCompared) {
    CalibrationKey then = sound();
    then.served_model = "small-2026-01";
    then.fingerprint = "fp_1";
    EXPECT_THAT(differences(sound(), then), IsEmpty());
}

template <class Change>
std::vector<std::string> differences_after(const Change& change) {
    CalibrationKey then = sound();
    change(then);
    return differences(sound(), then);
}

TEST(CalibrationKey, NamesEachDifferenceInWords) {
    using Key = CalibrationKey&;
    EXPECT_THAT(differences_after([](Key k) { k.model = "large"; }),
                ElementsAre("model is 'small', calibrated with 'large'"));
    EXPECT_THAT(differences_after([](Key k) { k.provider = "llama"; }),
                ElementsAre("provider is 'openai', calibrated with 'llama'"));
    EXPECT_THAT(differences_after([](Key k) { k.signal = "entropy.max"; }),
                ElementsAre("signal is 'entropy.mean', calibrated with 'entropy.max'"));
    EXPECT_THAT(differences_after([](Key k) { k.scope = "answer"; }),
                ElementsAre("scope is 'all', calibrated with 'answer'"));
    EXPECT_THAT(differences_after([](Key k) { k.top_k = 10; }), ElementsAre("top_k is 20, calibrated with 10"));
    EXPECT_THAT(differences_after([](Key k) { k.temperature = 1.0; }),
                ElementsAre("temperature is 0.7, calibrated with 1"));
    EXPECT_THAT(differences_after([](Key k) { k.temperature.reset(); }),
                ElementsAre("temperature is 0.7, calibrated with the model's default"));
    EXPECT_THAT(differences_after([](Key k) { k.prompt_hash = "abd"; }), ElementsAre(HasSubstr("prompt")));
    EXPECT_THAT(differences_after([](Key k) { k.settings["max_tokens"] = "1024"; }),
                ElementsAre("max_tokens is 512, calibrated with 1024"));
    EXPECT_THAT(differences_after([](Key k) {
                    k.model = "large";
                    k.top_k = 10;
                }),
                testing::SizeIs(2));
}

TEST(CalibrationKey, ComparesSettingsThatOnlyOneSideHas) {
    EXPECT_THAT(differences_after([](CalibrationKey& k) { k.settings.erase("max_tokens"); }),
                ElementsAre("max_tokens is 512, calibrated with null"));
    EXPECT_THAT(differences_after([](CalibrationKey& k) { k.settings["min_p"] = "0.1"; }),
                ElementsAre("min_p is null, calibrated with 0.1"));
    EXPECT_THAT(differences_after([](CalibrationKey& k) { k.settings.erase("top_p"); }), IsEmpty())
        << "null is what a setting that is not given has";
}

// Made from score lines alone: nothing is known of model and prompt, which is a difference by itself.
TEST(CalibrationKey, OfAnUnknownModelNeverHoldsUnsaid) {
    CalibrationKey then;
    EXPECT_THAT(differences(sound(), then), ElementsAre(HasSubstr("does not say for which model")));
    then.top_k = 5;
    EXPECT_THAT(differences(sound(), then), testing::Contains("top_k is 20, calibrated with 5"));
}

}  // namespace
}  // namespace enough
