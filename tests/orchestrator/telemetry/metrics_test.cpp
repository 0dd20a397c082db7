#include "telemetry/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>

namespace enough::test {
namespace {

using testing::HasSubstr;
using testing::Not;

MetricDescription described(MetricKind kind, std::vector<std::string> labels = {}, std::vector<double> bounds = {}) {
    return {.kind = kind, .name = "m", .help = "What it is.", .labels = std::move(labels), .bounds = std::move(bounds)};
}

// The expected texts follow https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format.

TEST(Metric, ACounterWithoutLabelsIsThereFromTheStart) {
    Metric metric(described(MetricKind::counter));
    EXPECT_EQ(metric.text(), "# HELP m What it is.\n# TYPE m counter\nm 0\n");
    metric.add({});
    metric.add({}, 2.5);
    EXPECT_THAT(metric.text(), HasSubstr("\nm 3.5\n"));
}

TEST(Metric, LabelsAreEscaped) {
    Metric metric(described(MetricKind::gauge, {"a", "b"}));
    metric.set({"C:\\DIR", "say \"hi\"\nthere"}, 1);
    EXPECT_THAT(metric.text(), HasSubstr("m{a=\"C:\\\\DIR\",b=\"say \\\"hi\\\"\\nthere\"} 1\n"));
}

TEST(Metric, HelpIsEscaped) {
    MetricDescription description = described(MetricKind::gauge);
    description.help = "a\\b\nc \"d\"";
    EXPECT_THAT(Metric(description).text(), HasSubstr("# HELP m a\\\\b\\nc \"d\"\n"));
}

TEST(Metric, ALabelIsSoundUtf8AndNotEndless) {
    Metric metric(described(MetricKind::gauge, {"a"}));
    metric.set({"\xff"}, 1);
    metric.set({std::string(10'000, 'x')}, 2);
    EXPECT_THAT(metric.text(), HasSubstr("m{a=\"\xEF\xBF\xBD\"} 1\n"));
    EXPECT_THAT(metric.text(), HasSubstr("m{a=\"" + std::string(Metric::longest_value, 'x') + "\"} 2\n"));
}

TEST(Metric, AHistogramsBucketsAreCumulative) {
    Metric metric(described(MetricKind::histogram, {"model"}, {0.5, 1}));
    for (const double value : {0.25, 0.5, 0.75, 2.0})
        metric.observe({"small"}, value);
    metric.observe({"small"}, std::numeric_limits<double>::quiet_NaN());
    EXPECT_EQ(metric.text(),
              "# HELP m What it is.\n"
              "# TYPE m histogram\n"
              "m_bucket{model=\"small\",le=\"0.5\"} 2\n"  // a value at the bound is in the bucket
              "m_bucket{model=\"small\",le=\"1\"} 3\n"
              "m_bucket{model=\"small\",le=\"+Inf\"} 4\n"
              "m_sum{model=\"small\"} 3.5\n"
              "m_count{model=\"small\"} 4\n");
}

TEST(Metric, ValuesThatAreNoNumbers) {
    Metric metric(described(MetricKind::gauge));
    metric.set({}, std::numeric_limits<double>::infinity());
    EXPECT_THAT(metric.text(), HasSubstr("\nm +Inf\n"));
    metric.set({}, -std::numeric_limits<double>::infinity());
    EXPECT_THAT(metric.text(), HasSubstr("\nm -Inf\n"));
    metric.set({}, std::numeric_limits<double>::quiet_NaN());
    EXPECT_THAT(metric.text(), HasSubstr("\nm NaN\n"));
}

TEST(Metric, TooManyLabelSetsAreCountedTogether) {
    Metric metric(described(MetricKind::counter, {"a", "b"}));
    for (std::size_t i = 0; i < Metric::most_series + 7; ++i)
        metric.add({std::to_string(i), "x"});
    metric.add({"0", "x"});
    EXPECT_THAT(metric.text(), HasSubstr("m{a=\"other\",b=\"other\"} 7\n"));
    EXPECT_THAT(metric.text(), HasSubstr("m{a=\"0\",b=\"x\"} 2\n"));
    EXPECT_THAT(metric.text(), Not(HasSubstr("a=\"505\"")));
}

TEST(Metric, AWrongNumberOfLabelsIsABug) {
    Metric metric(described(MetricKind::counter, {"a"}));
    EXPECT_THROW(metric.add({}), std::logic_error);
}

TEST(MetricRegistry, LooksBeforeItTells) {
    MetricRegistry registry;
    Metric& metric = registry.add(described(MetricKind::gauge));
    registry.before_text([&] { metric.set({}, 7); });
    EXPECT_EQ(registry.text(), "# HELP m What it is.\n# TYPE m gauge\nm 7\n");
}

TEST(MetricRegistry, TwoOfOneNameAreABug) {
    MetricRegistry registry;
    registry.add(described(MetricKind::gauge));
    EXPECT_THROW(registry.add(described(MetricKind::counter)), std::logic_error);
}

}  // namespace
}  // namespace enough::test
