#include <enough/policies/signal.hpp>

#include <gtest/gtest.h>

#include <iterator>
#include <set>
#include <string>
#include <vector>

namespace enough {
namespace {

constexpr Signal of_logprobs[] = {Signal::entropy_mean,        Signal::entropy_max,     Signal::entropy_tail,
                                  Signal::confidence_mean,     Signal::confidence_tail, Signal::confidence_lowest_group,
                                  Signal::confidence_bottom10, Signal::logprob_mean,    Signal::fitted};
constexpr Signal without_logprobs[] = {Signal::agreement, Signal::agreement_share, Signal::verbalized, Signal::judge};

std::vector<Signal> every_signal() {
    std::vector<Signal> all(std::begin(of_logprobs), std::end(of_logprobs));
    all.insert(all.end(), std::begin(without_logprobs), std::end(without_logprobs));
    return all;
}

TEST(Signal, NamesAreTheContracts) {
    EXPECT_EQ(name(Signal::entropy_mean), "entropy.mean");
    EXPECT_EQ(name(Signal::entropy_max), "entropy.max");
    EXPECT_EQ(name(Signal::entropy_tail), "entropy.tail");
    EXPECT_EQ(name(Signal::confidence_mean), "confidence.mean");
    EXPECT_EQ(name(Signal::confidence_tail), "confidence.tail");
    EXPECT_EQ(name(Signal::confidence_lowest_group), "confidence.lowest_group");
    EXPECT_EQ(name(Signal::confidence_bottom10), "confidence.bottom10");
    EXPECT_EQ(name(Signal::logprob_mean), "logprob.mean");
    EXPECT_EQ(name(Signal::agreement), "agreement");
    EXPECT_EQ(name(Signal::agreement_share), "agreement.share");
    EXPECT_EQ(name(Signal::verbalized), "verbalized");
    EXPECT_EQ(name(Signal::judge), "judge");
}

TEST(Signal, NamesLeadBack) {
    std::set<std::string> seen;
    for (const Signal signal : every_signal()) {
        EXPECT_EQ(signal_named(name(signal)), signal);
        EXPECT_TRUE(seen.emplace(name(signal)).second) << name(signal);
    }
    for (const Scope scope : {Scope::all, Scope::reasoning, Scope::answer}) {
        EXPECT_EQ(scope_named(name(scope)), scope);
    }
}

TEST(Signal, UnknownNamesAreAbsent) {
    for (const char* text : {"", "entropy", "entropy.Mean", "entropy.mean ", "agreement.", "unknown"}) {
        EXPECT_EQ(signal_named(text), std::nullopt) << text;
        EXPECT_EQ(scope_named(text), std::nullopt) << text;
    }
}

TEST(Signal, EntropiesAreSurerWhenLowTheOthersWhenHigh) {
    for (const Signal signal : every_signal()) {
        const bool entropy = name(signal).starts_with("entropy");
        EXPECT_EQ(direction(signal) == Direction::lower_is_surer, entropy) << name(signal);
        EXPECT_EQ(at_least_as_sure(signal, 1.0, 2.0), entropy) << name(signal);
        EXPECT_EQ(at_least_as_sure(signal, 2.0, 1.0), !entropy) << name(signal);
        EXPECT_TRUE(at_least_as_sure(signal, 1.5, 1.5)) << name(signal);
    }
}

TEST(Signal, SomeNeedNoTokenProbabilities) {
    for (const Signal signal : of_logprobs)
        EXPECT_TRUE(needs_logprobs(signal)) << name(signal);
    for (const Signal signal : without_logprobs)
        EXPECT_FALSE(needs_logprobs(signal)) << name(signal);
    for (const Signal signal : all_signals)
        EXPECT_TRUE(needs_logprobs(signal)) << name(signal) << ": evidence alone gives it";
}

TEST(Signal, UnsurenessIsHigherTheLessSure) {
    for (const Signal signal : every_signal()) {
        EXPECT_EQ(unsureness(signal, 0.25) < unsureness(signal, 0.75), at_least_as_sure(signal, 0.25, 0.75))
            << name(signal);
        EXPECT_EQ(unsureness(signal, unsureness(signal, 0.25)), 0.25) << name(signal);
    }
    for (const Signal signal : without_logprobs)
        EXPECT_EQ(unsureness(signal, 0.75), 0.25) << name(signal);
}

}  // namespace
}  // namespace enough
