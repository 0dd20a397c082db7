#include <enough/policies/bootstrap.hpp>

#include "support/golden.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <stdexcept>

namespace enough {
namespace {

using nlohmann::json;

constexpr double nan_score = std::numeric_limits<double>::quiet_NaN();

std::vector<LabelledScore> labelled(const json& input) {
    std::vector<LabelledScore> scores;
    for (const json& score : input.at("scores"))
        scores.push_back({test::number(score), input.at("correct").at(scores.size())});
    return scores;
}

void expect_interval(const json& want, const std::optional<Interval>& got) {
    ASSERT_EQ(want.size(), 4U) << "a field that this test does not check";
    ASSERT_TRUE(got);
    EXPECT_NEAR(got->low, want.at("low"), want.at("tolerance_low"));
    EXPECT_NEAR(got->high, want.at("high"), want.at("tolerance_high"));
}

void expect_spread(const json& expect, const std::string& method, const ThresholdSpread& got) {
    SCOPED_TRACE(method);
    const json& want = expect.at(method);
    EXPECT_EQ(want.size(), 2U) << "a field that this test does not check";
    expect_interval(want.at("tau"), got.tau);
    expect_interval(want.at("stop_rate"), got.stop_rate);
    const json& refused = expect.at("refused_share");
    EXPECT_NEAR(got.refused_share, refused.at("value"), refused.at("tolerance"));
}

TEST(Bootstrap, ThresholdsAgreeWithTheGoldenVectors) {
    for (const auto& golden : test::golden_cases("bootstrap")) {
        SCOPED_TRACE(golden.id);
        ASSERT_EQ(golden.input.at("level"), 0.95);
        const bool equal = golden.input.at("priors") == "equal";
        const bool items = golden.input.at("resample") == "items";
        const auto got = bootstrap_thresholds(labelled(golden.input), equal ? Priors::equal : Priors::class_frequency,
                                              items ? Resample::items : Resample::within_class,
                                              {.replicates = golden.input.at("replicates_at_least"), .seed = 1});
        EXPECT_EQ(golden.expect.size(), 5U) << "a field that this test does not check";
        expect_spread(golden.expect, "mean", got.mean);
        expect_spread(golden.expect, "information", got.information);
        expect_spread(golden.expect, "bayes", got.bayes);
        expect_spread(golden.expect, "universal", got.universal);
    }
}

// The draws as the header promises them, written down a second time.
class PromisedDraws {
public:
    explicit PromisedDraws(std::uint64_t seed) : engine_(seed) {}

    std::size_t below(std::size_t n) {
        int bits = 0;
        while (bits < 63 && (std::uint64_t{1} << bits) < n)
            ++bits;
        if (bits == 0) return 0;
        for (;;) {
            const std::uint64_t drawn = engine_() / (std::uint64_t{1} << (64 - bits));
            if (drawn < n) return drawn;
        }
    }

    std::vector<std::size_t> indices(std::size_t n) {
        std::vector<std::size_t> drawn;
        for (std::size_t i = 0; i < n; ++i)
            drawn.push_back(below(n));
        return drawn;
    }

private:
    std::mt19937_64 engine_;
};

double promised_percentile(std::vector<double> values, double q) {
    std::ranges::sort(values);
    const double h = static_cast<double>(values.size() - 1) * q;
    const auto i = static_cast<std::size_t>(std::floor(h));
    const double above = i + 1 < values.size() ? values[i + 1] : values[i];
    return values[i] + (h - std::floor(h)) * (above - values[i]);
}

void expect_percentiles(const std::vector<double>& values, const std::optional<Interval>& got) {
    ASSERT_TRUE(got);
    EXPECT_NEAR(got->low, promised_percentile(values, 0.025), 1e-12);
    EXPECT_NEAR(got->high, promised_percentile(values, 0.975), 1e-12);
}

void expect_replicates(std::span<const LabelledScore> scores, const std::vector<std::optional<double>>& taus,
                       const ThresholdSpread& got) {
    std::vector<double> present;
    std::vector<double> stop;
    std::vector<double> accepts[2];
    for (const auto& tau : taus) {
        double accepted[2] = {0, 0};
        double size[2] = {0, 0};
        for (const LabelledScore& item : scores) {
            size[item.correct ? 1 : 0] += 1;
            accepted[item.correct ? 1 : 0] += tau && item.score <= *tau ? 1 : 0;
        }
        if (tau) present.push_back(*tau);
        stop.push_back((accepted[0] + accepted[1]) / (size[0] + size[1]));
        accepts[0].push_back(accepted[0] / size[0]);
        accepts[1].push_back(accepted[1] / size[1]);
    }
    expect_percentiles(present, got.tau);
    expect_percentiles(stop, got.stop_rate);
    expect_percentiles(accepts[1], got.accepts_correct);
    expect_percentiles(accepts[0], got.accepts_incorrect);
    const auto refused = static_cast<double>(taus.size() - present.size());
    EXPECT_DOUBLE_EQ(got.refused_share, refused / static_cast<double>(taus.size()));
}

// Means near 0, so that the universal threshold is absent in some replicates where the others are there.
const std::vector<LabelledScore> near_zero{{-0.9, true},  {-0.2, true}, {0.1, true},  {0.6, true},  {1.1, true},
                                           {-0.6, true},  {0.3, false}, {0.9, false}, {1.4, false}, {0.1, false},
                                           {-0.1, false}, {0.8, true},  {2.0, false}};

TEST(Bootstrap, EveryReplicateIsTheOneThatTheSeedPromises) {
    for (const Resample resample : {Resample::items, Resample::within_class}) {
        const std::uint64_t seed = resample == Resample::items ? 7 : 123456789123456789;
        std::vector<LabelledScore> ordered = near_zero;
        if (resample == Resample::within_class) std::ranges::stable_partition(ordered, &LabelledScore::correct);
        std::vector<std::size_t> groups{ordered.size()};
        if (resample == Resample::within_class) groups = {7, 6};
        PromisedDraws draws(seed);
        std::vector<std::optional<double>> mean, information, bayes, universal;
        for (int replicate = 0; replicate < 300; ++replicate) {
            std::vector<LabelledScore> drawn;
            for (const std::size_t size : groups) {
                const std::size_t start = drawn.size();
                for (const std::size_t index : draws.indices(size))
                    drawn.push_back(ordered[start + index]);
            }
            const auto fitted = fit_paper_thresholds(drawn, Priors::equal);
            mean.push_back(fitted.mean.value);
            information.push_back(fitted.information.value);
            bayes.push_back(fitted.bayes.value);
            universal.push_back(fitted.universal.value);
        }
        const auto got = bootstrap_thresholds(near_zero, Priors::equal, resample, {.replicates = 300, .seed = seed});
        expect_replicates(near_zero, mean, got.mean);
        expect_replicates(near_zero, information, got.information);
        expect_replicates(near_zero, bayes, got.bayes);
        expect_replicates(near_zero, universal, got.universal);
        EXPECT_GT(got.universal.refused_share, got.mean.refused_share);
    }
}

TEST(Bootstrap, AnyThresholdRuleIsFittedOnThePromisedIndices) {
    const BootstrapSettings settings{.replicates = 400, .seed = 99};
    // The largest score of a right answer among those drawn, if the first one drawn is right.
    const auto rule = [](std::span<const std::size_t> drawn) -> std::optional<double> {
        if (!near_zero[drawn[0]].correct) return std::nullopt;
        double largest = -10;
        for (const std::size_t i : drawn)
            largest = std::max(largest, near_zero[i].correct ? near_zero[i].score : largest);
        return largest;
    };
    PromisedDraws draws(settings.seed);
    std::vector<std::optional<double>> taus;
    for (std::size_t i = 0; i < settings.replicates; ++i)
        taus.push_back(rule(draws.indices(near_zero.size())));
    expect_replicates(near_zero, taus, bootstrap_threshold(near_zero, rule, settings));
}

TEST(Bootstrap, AResultDoesNotDependOnWhatWasDrawnBefore) {
    const auto first_index = [](std::span<const std::size_t> drawn) { return static_cast<double>(drawn[0]); };
    const auto before = bootstrap_interval(1000, first_index, {.replicates = 50, .seed = 3});
    bootstrap_thresholds(near_zero, Priors::equal, Resample::items, {.replicates = 10, .seed = 3});
    EXPECT_EQ(bootstrap_interval(1000, first_index, {.replicates = 50, .seed = 3}), before);
    EXPECT_NE(bootstrap_interval(1000, first_index, {.replicates = 50, .seed = 4}), before);
}

TEST(Bootstrap, IndicesAreUniform) {
    for (const std::size_t n : {1U, 2U, 7U, 8U, 9U, 13U}) {
        std::vector<double> count(n);
        const auto tally = [&](std::span<const std::size_t> drawn) {
            EXPECT_EQ(drawn.size(), n);
            for (const std::size_t index : drawn)
                count.at(index) += 1;
            return 0.0;
        };
        bootstrap_interval(n, tally, {.replicates = 3000, .seed = 5});
        double chi_square = 0;
        for (const double seen : count)
            chi_square += (seen - 3000) * (seen - 3000) / 3000;
        EXPECT_LT(chi_square, 32.9) << n;  // the 99.9 % point at 12 degrees of freedom, the most that are used here
    }
}

TEST(Bootstrap, TheIntervalOfAMeanIsThatOfTheory) {
    // The mean of n draws of 0 ... 99 is nearly normal; a percentile of B replicates has the standard error
    // sqrt(q (1-q) / B) / density, density = normal density at z / sd.
    constexpr std::size_t n = 100;
    constexpr double replicates = 20000;
    const auto mean = [](std::span<const std::size_t> drawn) {
        double sum = 0;
        for (const std::size_t index : drawn)
            sum += static_cast<double>(index);
        return sum / static_cast<double>(drawn.size());
    };
    const auto got = bootstrap_interval(n, mean, {.replicates = 20000, .seed = 11});
    const double sd = std::sqrt((n * n - 1) / 12.0 / n);
    const double error = std::sqrt(0.025 * 0.975 / replicates) / (0.05844507 / sd);
    ASSERT_TRUE(got);
    EXPECT_NEAR(got->low, 49.5 - 1.959963985 * sd, 5 * error);
    EXPECT_NEAR(got->high, 49.5 + 1.959963985 * sd, 5 * error);
}

TEST(Bootstrap, StatisticsThatAreNotANumberAreLeftOut) {
    const auto never = [](std::span<const std::size_t>) { return nan_score; };
    EXPECT_FALSE(bootstrap_interval(5, never, {}));
    EXPECT_FALSE(bootstrap_interval(0, [](std::span<const std::size_t>) { return 1.0; }, {}));
    const auto sometimes = [](std::span<const std::size_t> drawn) { return drawn[0] == 0 ? nan_score : 2.5; };
    EXPECT_EQ(bootstrap_interval(5, sometimes, {}), (Interval{2.5, 2.5}));
    const auto infinite = [](std::span<const std::size_t>) { return std::numeric_limits<double>::infinity(); };
    EXPECT_EQ(bootstrap_interval(5, infinite, {})->high, std::numeric_limits<double>::infinity());
}

TEST(Bootstrap, PercentilesAreLinearBetweenOrderStatistics) {
    std::vector<double> none;
    EXPECT_FALSE(percentile_interval(none));
    std::vector<double> one{3};
    EXPECT_EQ(percentile_interval(one), (Interval{3, 3}));
    std::vector<double> two{2, 1};
    EXPECT_DOUBLE_EQ(percentile_interval(two)->low, 1.025);
    EXPECT_DOUBLE_EQ(percentile_interval(two)->high, 1.975);
    std::vector<double> many;
    for (int i = 80; i >= 0; --i)
        many.push_back(i * i);
    EXPECT_DOUBLE_EQ(percentile_interval(many)->low, 4);
    EXPECT_DOUBLE_EQ(percentile_interval(many)->high, 78 * 78);
}

TEST(Bootstrap, WithoutAThresholdThereIsOnlyTheRefusedShare) {
    const std::vector<LabelledScore> one_class{{0.1, true}, {0.2, true}, {0.4, true}};
    for (const auto& scores : {std::vector<LabelledScore>(), one_class}) {
        for (const Resample resample : {Resample::items, Resample::within_class}) {
            const auto got = bootstrap_thresholds(scores, Priors::equal, resample, {.replicates = 20}).bayes;
            EXPECT_FALSE(got.tau);
            EXPECT_EQ(got.refused_share, 1);
            EXPECT_EQ(got.stop_rate, Interval());
        }
    }
    const auto nan_rule = [](std::span<const std::size_t>) { return std::optional(nan_score); };
    const auto got = bootstrap_threshold(one_class, nan_rule, {.replicates = 20});
    EXPECT_FALSE(got.tau);
    EXPECT_EQ(got.refused_share, 1);
    EXPECT_EQ(got.stop_rate, Interval());
}

TEST(Bootstrap, AScoreThatIsNotANumberIsNeverAccepted) {
    const std::vector<LabelledScore> scores{{nan_score, true}, {0.2, true}, {nan_score, false}, {0.1, true}};
    const auto high = [](std::span<const std::size_t>) { return std::optional(10.0); };
    const auto got = bootstrap_threshold(scores, high, {.replicates = 20});
    EXPECT_EQ(got.stop_rate, (Interval{0.5, 0.5}));
    EXPECT_EQ(got.accepts_correct, (Interval{2.0 / 3, 2.0 / 3}));
    EXPECT_EQ(got.accepts_incorrect, Interval());
}

TEST(Bootstrap, NoReplicatesAreRefused) {
    const BootstrapSettings none{.replicates = 0};
    EXPECT_THROW(bootstrap_thresholds(near_zero, Priors::equal, Resample::items, none), std::invalid_argument);
    EXPECT_THROW(bootstrap_threshold(near_zero, [](auto) { return std::optional(1.0); }, none), std::invalid_argument);
    EXPECT_THROW(bootstrap_interval(3, [](auto) { return 1.0; }, none), std::invalid_argument);
}

}  // namespace
}  // namespace enough
