#include <enough/policies/calibration.hpp>

#include "labelled_chains.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace enough {
namespace {

using test::allowing_weak;
using test::first_step;
using test::observed;
using test::one_step;
using test::overlapping;
using test::reasons_of;
using test::without_intervals;
using testing::HasSubstr;
using Chains = std::vector<ObservedChain>;

struct Refused {
    const char* name;
    std::function<Chains()> chains;
    const char* reason;
};

std::vector<double> repeated(std::size_t count, double value) {
    return std::vector<double>(count, value);
}

std::vector<double> from_to(int first, int last) {
    std::vector<double> values;
    for (int i = first; i <= last; ++i)
        values.push_back(i / 100.0);
    return values;
}

const Refused refused_cases[] = {
    {"inverted", [] { return one_step(from_to(60, 120), from_to(10, 70)); }, "Wrong answers are as sure"},
    {"equal_means", [] { return one_step(from_to(10, 70), from_to(10, 70)); }, "Wrong answers are as sure"},
    {"all_right", [] { return one_step(from_to(1, 80), {}); }, "All answers are right or all are wrong"},
    {"all_wrong", [] { return one_step({}, from_to(1, 80)); }, "All answers are right or all are wrong"},
    {"one_right", [] { return one_step({0.2}, from_to(21, 80)); }, "only one right or only one wrong answer"},
    {"one_wrong", [] { return one_step(from_to(1, 60), {0.9}); }, "only one right or only one wrong answer"},
    {"one_item", [] { return one_step({0.2}, {}); }, "All answers are right or all are wrong"},
    {"all_scores_equal", [] { return one_step(repeated(40, 0.5), repeated(40, 0.5)); }, "have the same score"},
    {"right_ones_equal", [] { return one_step(repeated(40, 0.5), from_to(60, 99)); }, "have the same score"},
    {"nothing_scored",
     [] {
         Chains chains = overlapping(60, 60);
         for (ObservedChain& chain : chains)
             chain.steps.front().score.reset();
         return chains;
     },
     "All answers are right or all are wrong"},
    {"scores_too_large", [] { return one_step({1e200, 2e200, 3e200}, {4e200, 5e200, 7e200}); }, "not a finite number"},
};

class CalibrationRefused : public testing::TestWithParam<Refused> {};

TEST_P(CalibrationRefused, GivesNoThresholdAndSaysWhy) {
    for (const bool allow_weak : {false, true}) {
        CalibrationSettings settings = without_intervals();
        settings.allow_weak = allow_weak;
        const StepCalibration step = first_step(GetParam().chains(), settings);
        EXPECT_EQ(name(step.verdict), "refused");
        EXPECT_THAT(reasons_of(step), HasSubstr(GetParam().reason));
        for (const Method method : all_methods) {
            ASSERT_TRUE(step.thresholds.contains(method)) << name(method);
            EXPECT_FALSE(step.thresholds.at(method).value) << name(method);
            EXPECT_FALSE(step.thresholds.at(method).reason.empty()) << name(method);
        }
        EXPECT_FALSE(step.escalate && step.escalate->value);
        EXPECT_FALSE(step.fitted);
    }
}

INSTANTIATE_TEST_SUITE_P(All, CalibrationRefused, testing::ValuesIn(refused_cases),
                         [](const auto& each) { return std::string(each.param.name); });

// Two overlapping uniform samples, the wrong ones barely higher.
TEST(Calibration, RefusesWhatDoesNotTellRightFromWrongUnlessWeakIsAllowed) {
    const Chains chains = overlapping(60, 60, 0.42);
    const StepCalibration refused = first_step(chains, without_intervals());
    ASSERT_TRUE(refused.statistics.auroc && refused.statistics.auroc->interval);
    ASSERT_TRUE(refused.statistics.auroc->interval->contains(0.5));
    EXPECT_EQ(name(refused.verdict), "refused");
    EXPECT_THAT(reasons_of(refused), HasSubstr("contains 1/2"));
    EXPECT_FALSE(refused.thresholds.at(Method::mean).value);

    const StepCalibration weak = first_step(chains, allowing_weak());
    EXPECT_EQ(name(weak.verdict), "weak");
    EXPECT_THAT(reasons_of(weak), HasSubstr("contains 1/2"));
    EXPECT_TRUE(weak.thresholds.at(Method::mean).value);
}

// A few very unsure wrong answers raise their mean, although most wrong ones are surer than the right ones.
TEST(Calibration, RefusesWhereTheRanksAreInvertedAlthoughTheMeansAreNot) {
    std::vector<double> wrong = from_to(10, 60);
    for (const double outlier : {30.0, 40.0, 50.0})
        wrong.push_back(outlier);
    const Chains chains = one_step(from_to(61, 120), wrong);
    for (const CalibrationSettings& settings : {without_intervals(), allowing_weak()}) {
        const StepCalibration step = first_step(chains, settings);
        ASSERT_LT(*step.statistics.correct.mean, *step.statistics.incorrect.mean);
        ASSERT_LT(step.statistics.auroc->interval->high, 0.5);
        EXPECT_EQ(name(step.verdict), "refused") << reasons_of(step);
        EXPECT_FALSE(step.thresholds.at(Method::mean).value);
    }
}

struct Size {
    std::size_t correct;
    std::size_t incorrect;
    const char* verdict;
};

TEST(Calibration, IsWeakOnFewItemsOrFewOfAClass) {
    for (const Size& size : {Size{30, 20, "usable"}, Size{20, 30, "usable"}, Size{29, 20, "weak"}, Size{31, 19, "weak"},
                             Size{19, 31, "weak"}, Size{200, 19, "weak"}, Size{10, 10, "weak"}}) {
        const StepCalibration step = first_step(overlapping(size.correct, size.incorrect), without_intervals());
        EXPECT_EQ(name(step.verdict), size.verdict) << size.correct << " " << size.incorrect << reasons_of(step);
        EXPECT_FALSE(step.reasons.empty());
        EXPECT_TRUE(step.thresholds.at(Method::mean).value);
    }
    EXPECT_THAT(reasons_of(first_step(overlapping(20, 20), without_intervals())), HasSubstr("only 40 items"));
    EXPECT_THAT(reasons_of(first_step(overlapping(19, 40), without_intervals())), HasSubstr("only 19 correct items"));
    EXPECT_THAT(reasons_of(first_step(overlapping(40, 19), without_intervals())), HasSubstr("only 19 incorrect items"));
}

// DeLong's variance is 0 where no wrong answer is surer than a right one: that is no certainty.
TEST(Calibration, IsWeakWhereTheClassesAreSeparatedPerfectly) {
    const StepCalibration step = first_step(one_step(from_to(10, 60), from_to(70, 120)), without_intervals());
    ASSERT_TRUE(step.statistics.auroc);
    EXPECT_EQ(step.statistics.auroc->value, 1);
    EXPECT_FALSE(step.statistics.auroc->interval);
    EXPECT_EQ(name(step.verdict), "weak");
    EXPECT_THAT(reasons_of(step), HasSubstr("without any variance"));
    EXPECT_EQ(step.thresholds.at(Method::mean).accepts_incorrect, 0);
    EXPECT_NEAR(*step.thresholds.at(Method::mean).value, 0.35, 1e-12);
}

TEST(Calibration, CountsTruncatedAndMissingAnswers) {
    Chains chains = overlapping(60, 60);
    chains[0].steps.front().truncated = true;
    chains[0].steps.front().acceptable = false;
    chains[1].steps.front().score.reset();
    chains[1].steps.front().coverage = 0;
    const StepCalibration step = first_step(chains, without_intervals());
    EXPECT_EQ(step.truncated, 1U);
    EXPECT_EQ(step.missing, 1U);
    EXPECT_NEAR(step.coverage, 119.0 / 120, 1e-12);
    EXPECT_EQ(step.statistics.correct.n, 58U) << "a truncated answer is not right, one without score is not counted";
    EXPECT_EQ(step.statistics.incorrect.n, 61U);
    EXPECT_THAT(reasons_of(step), HasSubstr("1 of 120 answers were cut"));
    EXPECT_THAT(reasons_of(step), HasSubstr("1 of 120 answers have no score"));
}

TEST(Calibration, RefusesWhatIsNoSetOfChains) {
    EXPECT_THROW(calibrate({}, test::key_of(), without_intervals()), std::invalid_argument);
    EXPECT_THROW(calibrate({test::chain_of("a", {})}, test::key_of(), without_intervals()), std::invalid_argument);
    const Chains uneven{test::chain_of("a", {observed(1, true)}),
                        test::chain_of("b", {observed(1, true), observed(1, true)})};
    EXPECT_THROW(calibrate(uneven, test::key_of(), without_intervals()), std::invalid_argument);
    EXPECT_THROW(calibrate(overlapping(30, 30), test::key_of("entropy.men"), without_intervals()),
                 std::invalid_argument);
}

TEST(Calibration, SaysWhereLengthAloneTellsAsMuch) {
    Chains chains = overlapping(60, 60);
    for (ObservedChain& chain : chains)
        chain.steps.front().output_tokens = chain.steps.front().correct ? 50 : 500;
    const StepCalibration step = first_step(chains, without_intervals());
    ASSERT_TRUE(step.statistics.length_auroc);
    EXPECT_EQ(step.statistics.length_auroc->value, 1);
    EXPECT_THAT(reasons_of(step), HasSubstr("length alone tells as much"));
}

// Each step is fitted on its own scores: step 2 comes out as if its answers were all there is.
TEST(Calibration, FitsEachStepOnItsOwnScores) {
    Chains chains = overlapping(60, 60);
    const Chains second = one_step(from_to(1, 60), from_to(31, 90));
    for (std::size_t i = 0; i < chains.size(); ++i)
        chains[i].steps.push_back(second[i].steps.front());
    CalibrationSettings settings = without_intervals();
    settings.loss = Loss::wrong;
    settings.target = {0.3, 0.2};
    const Calibration both = calibrate(chains, test::key_of(), settings);
    const StepCalibration alone = first_step(second, settings);
    ASSERT_EQ(both.steps.size(), 2U);
    ASSERT_NE(both.step(2), nullptr);
    EXPECT_EQ(both.step(2)->step, 2);
    EXPECT_EQ(both.step(3), nullptr);
    EXPECT_EQ(both.step(0), nullptr);
    for (const Method method : all_methods)
        EXPECT_EQ(both.step(2)->thresholds.at(method).value, alone.thresholds.at(method).value) << name(method);
    EXPECT_NEAR(*both.step(1)->thresholds.at(Method::mean).value, 0.8, 1e-12);
    EXPECT_NEAR(*both.step(2)->thresholds.at(Method::mean).value, 0.305, 1e-12);
    EXPECT_TRUE(both.step(1)->escalate);
    EXPECT_FALSE(both.step(2)->escalate) << "nothing is left to refine";
}

TEST(Calibration, NamesGoBothWays) {
    for (const Method method : all_methods)
        EXPECT_EQ(method_named(name(method)), method);
    for (const Loss loss : {Loss::regret, Loss::wrong})
        EXPECT_EQ(loss_named(name(loss)), loss);
    for (const auto verdict : {CalibrationVerdict::usable, CalibrationVerdict::weak, CalibrationVerdict::refused})
        EXPECT_EQ(calibration_verdict_named(name(verdict)), verdict);
    EXPECT_FALSE(method_named("median"));
    EXPECT_FALSE(loss_named(""));
    EXPECT_FALSE(calibration_verdict_named("strong"));
    EXPECT_EQ(std::ranges::count_if(all_methods, controls_risk), 4);
    EXPECT_FALSE(controls_risk(Method::universal));
}

}  // namespace
}  // namespace enough
