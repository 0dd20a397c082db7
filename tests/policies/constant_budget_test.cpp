#include <enough/policies/constant_budget.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <vector>

namespace enough {
namespace {

std::int64_t calls(const char* per_item, std::int64_t items) {
    return CallsPerItem::parse(per_item).value().for_items(items);
}

TEST(CallsPerItem, AreExactDecimals) {
    EXPECT_EQ(calls("1", 7), 7);
    EXPECT_EQ(calls("1.5", 7), 10) << "10.5";
    EXPECT_EQ(calls("1.15", 100), 115) << "binary fractions give 114.99...";
    EXPECT_EQ(calls("2.000001", 1'000'000), 2'000'001);
    EXPECT_EQ(calls("2.000001", 999'999), 1'999'998) << "the part of a call is not made";
    EXPECT_EQ(calls("1000", 1'000'000'000'000), 1'000'000'000'000'000);
    EXPECT_EQ(calls("999.999999", 1'000'000'000'000), 999'999'999'000'000);
    EXPECT_EQ(calls("2", 0), 0);
}

TEST(CallsPerItem, SayWhatTheyAre) {
    EXPECT_EQ(CallsPerItem::parse("1.50")->text(), "1.5");
    EXPECT_EQ(CallsPerItem::parse("3")->text(), "3");
    EXPECT_EQ(CallsPerItem::parse("10.000001")->text(), "10.000001");
    EXPECT_DOUBLE_EQ(CallsPerItem::parse("1.25")->value(), 1.25);
    EXPECT_EQ(CallsPerItem::parse("1.5"), CallsPerItem::parse("1.500"));
}

TEST(CallsPerItem, AreNothingElse) {
    for (const char* text : {"",    "0",     "0.9", "-1",        "+2",     " 2",   "2 ",
                             "1e1", "1.",    ".5",  "1.0000001", "1000.1", "1001", "99999999999999999999",
                             "1,5", "1.5.5", "nan", "inf",       "0x2",    "1.-5"})
        EXPECT_EQ(CallsPerItem::parse(text), std::nullopt) << text;
}

TEST(Need, IsGreaterTheLessSureTheSignal) {
    EXPECT_GT(need(Signal::entropy_mean, 1.2), need(Signal::entropy_mean, 0.3)) << "bits: low is sure";
    EXPECT_GT(need(Signal::logprob_mean, -2.0), need(Signal::logprob_mean, -0.1)) << "nats: high is sure";
    EXPECT_GT(need(Signal::verbalized, 0.2), need(Signal::verbalized, 0.9));
    EXPECT_GT(need(Signal::confidence_mean, 5.0), need(Signal::confidence_mean, 15.0));
}

TEST(Need, IsGreatestWithoutEvidence) {
    EXPECT_EQ(need(Signal::entropy_mean, std::nullopt), neediest);
    EXPECT_EQ(need(Signal::entropy_mean, std::numeric_limits<double>::quiet_NaN()), neediest);
    EXPECT_GT(neediest, need(Signal::entropy_mean, 4.32));
}

TEST(Need, KeepsItsOrderAsAnInteger) {
    const std::vector<double> rising{-1e300, -15.5,   -15.0, -1e-300, 0.0, 1e-300, 0.3, 0.30000000000000004,
                                     1.2,    neediest};
    std::vector<std::int64_t> orders;
    for (const double each : rising)
        orders.push_back(order_of_need(each));
    EXPECT_TRUE(std::ranges::is_sorted(orders));
    EXPECT_EQ(std::ranges::adjacent_find(orders), orders.end()) << "different needs are different";
    EXPECT_EQ(order_of_need(-0.0), order_of_need(0.0));
}

}  // namespace
}  // namespace enough
