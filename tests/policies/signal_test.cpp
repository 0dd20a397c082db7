#include <enough/policies/signal.hpp>

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace enough {
namespace {

constexpr Signal signals[] = {Signal::entropy_mean,        Signal::entropy_max,     Signal::entropy_tail,
                              Signal::confidence_mean,     Signal::confidence_tail, Signal::confidence_lowest_group,
                              Signal::confidence_bottom10, Signal::logprob_mean};

TEST(Signal, NamesAreTheContracts) {
    EXPECT_EQ(name(Signal::entropy_mean), "entropy.mean");
    EXPECT_EQ(name(Signal::entropy_max), "entropy.max");
    EXPECT_EQ(name(Signal::entropy_tail), "entropy.tail");
    EXPECT_EQ(name(Signal::confidence_mean), "confidence.mean");
    EXPECT_EQ(name(Signal::confidence_tail), "confidence.tail");
    EXPECT_EQ(name(Signal::confidence_lowest_group), "confidence.lowest_group");
    EXPECT_EQ(name(Signal::confidence_bottom10), "confidence.bottom10");
    EXPECT_EQ(name(Signal::logprob_mean), "logprob.mean");
}

TEST(Signal, NamesLeadBack) {
    std::set<std::string> seen;
    for (const Signal signal : signals) {
        EXPECT_EQ(signal_named(name(signal)), signal);
        EXPECT_TRUE(seen.emplace(name(signal)).second) << name(signal);
    }
    for (const Scope scope : {Scope::all, Scope::reasoning, Scope::answer}) {
        EXPECT_EQ(scope_named(name(scope)), scope);
    }
}

TEST(Signal, UnknownNamesAreAbsent) {
    for (const char* text : {"", "entropy", "entropy.Mean", "entropy.mean ", "agreement", "unknown"}) {
        EXPECT_EQ(signal_named(text), std::nullopt) << text;
        EXPECT_EQ(scope_named(text), std::nullopt) << text;
    }
}

TEST(Signal, EntropiesAreSurerWhenLowTheOthersWhenHigh) {
    for (const Signal signal : signals) {
        const bool entropy = name(signal).starts_with("entropy");
        EXPECT_EQ(direction(signal) == Direction::lower_is_surer, entropy) << name(signal);
        EXPECT_EQ(at_least_as_sure(signal, 1.0, 2.0), entropy) << name(signal);
        EXPECT_EQ(at_least_as_sure(signal, 2.0, 1.0), !entropy) << name(signal);
        EXPECT_TRUE(at_least_as_sure(signal, 1.5, 1.5)) << name(signal);
    }
}

}  // namespace
}  // namespace enough
