#include <enough/orchestrator/telemetry.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace enough::test {
namespace {

using testing::HasSubstr;
using testing::Not;
using Variables = std::map<std::string, std::string, std::less<>>;

Environment environment(Variables variables) {
    return [variables = std::move(variables)](std::string_view name) -> std::optional<std::string> {
        const auto known = variables.find(name);
        return known == variables.end() ? std::nullopt : std::optional(known->second);
    };
}

std::string fault(const Variables& variables, const std::string& url = {}) {
    try {
        trace_settings(environment(variables), url);
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "";
}

// https://opentelemetry.io/docs/specs/otel/protocol/exporter/ and …/configuration/sdk-environment-variables/

TEST(TraceSettings, NobodyAsked) {
    EXPECT_FALSE(trace_settings(environment({})));
    EXPECT_FALSE(trace_settings(environment({{"OTEL_EXPORTER_OTLP_ENDPOINT", ""}})));  // empty is not set
    EXPECT_FALSE(trace_settings(environment({{"OTEL_SERVICE_NAME", "mine"}})));
}

TEST(TraceSettings, TheBaseUrlGetsAPath) {
    for (const std::string base : {"http://collector:4318", "http://collector:4318/"}) {
        const auto settings = trace_settings(environment({{"OTEL_EXPORTER_OTLP_ENDPOINT", base}}));
        ASSERT_TRUE(settings);
        EXPECT_EQ(settings->url, "http://collector:4318/v1/traces");
        EXPECT_EQ(settings->service, "enough");
        EXPECT_EQ(settings->timeout, std::chrono::seconds(10));
        EXPECT_FALSE(settings->content);
    }
}

TEST(TraceSettings, TheTracesOwnUrlStaysAsItIs) {
    const Variables both{{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:1"},
                         {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://b:2/spans"}};
    EXPECT_EQ(trace_settings(environment(both))->url, "https://b:2/spans");
    EXPECT_EQ(trace_settings(environment(both), "http://c:3")->url, "http://c:3/v1/traces");  // the flag wins
}

TEST(TraceSettings, Disabled) {
    EXPECT_FALSE(trace_settings(environment({{"OTEL_SDK_DISABLED", "true"}}), "http://c:3"));
    EXPECT_TRUE(trace_settings(environment({{"OTEL_SDK_DISABLED", "no"}}), "http://c:3"));
    EXPECT_FALSE(
        trace_settings(environment({{"OTEL_TRACES_EXPORTER", "none"}, {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:1"}})));
}

TEST(TraceSettings, HeadersAndResource) {
    const auto settings = trace_settings(environment({{"OTEL_EXPORTER_OTLP_HEADERS", "api-key=a%20b, x = y"},
                                                      {"OTEL_RESOURCE_ATTRIBUTES", "service.name=n,team=blue"},
                                                      {"OTEL_EXPORTER_OTLP_TIMEOUT", "250"}}),
                                         "http://c:3");
    ASSERT_TRUE(settings);
    ASSERT_EQ(settings->headers.size(), 2U);
    EXPECT_EQ(settings->headers[0].first, "api-key");
    EXPECT_EQ(settings->headers[0].second.reveal(), "a b");
    EXPECT_EQ(settings->headers[1].second.reveal(), "y");
    EXPECT_EQ(settings->service, "n");
    ASSERT_EQ(settings->resource.size(), 1U);
    EXPECT_EQ(settings->resource[0], (std::pair<std::string, std::string>("team", "blue")));
    EXPECT_EQ(settings->timeout, std::chrono::milliseconds(250));
    const auto named = trace_settings(
        environment({{"OTEL_SERVICE_NAME", "mine"}, {"OTEL_RESOURCE_ATTRIBUTES", "service.name=n"}}), "http://c:3");
    EXPECT_EQ(named->service, "mine");
}

TEST(TraceSettings, FaultsNameTheVariableAndNoSecret) {
    for (const std::string bad : {"top-secret", "a b=top-secret", "key=top-secret%zz", "key=top-secret%0d%0aX:1"}) {
        const std::string words = fault({{"OTEL_EXPORTER_OTLP_HEADERS", bad}}, "http://c:3");
        EXPECT_THAT(words, HasSubstr("OTEL_EXPORTER_OTLP_HEADERS")) << bad;
        EXPECT_THAT(words, Not(HasSubstr("top-secret"))) << bad;
    }
    EXPECT_THAT(fault({{"OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"}}), HasSubstr("OTEL_EXPORTER_OTLP_ENDPOINT"));
    EXPECT_THAT(fault({}, "ftp://c:3"), HasSubstr("--otlp"));
    EXPECT_THAT(fault({{"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}}, "http://c:3"), HasSubstr("4318"));
    EXPECT_THAT(fault({{"OTEL_EXPORTER_OTLP_TIMEOUT", "10s"}}, "http://c:3"), HasSubstr("OTEL_EXPORTER_OTLP_TIMEOUT"));
    EXPECT_THAT(fault({{"OTEL_TRACES_SAMPLER", "jaeger_remote"}}, "http://c:3"), HasSubstr("OTEL_TRACES_SAMPLER"));
}

TraceSampler sampler(const std::string& name, const std::string& argument = {}) {
    return trace_settings(environment({{"OTEL_TRACES_SAMPLER", name}, {"OTEL_TRACES_SAMPLER_ARG", argument}}),
                          "http://c:3")
        ->sampler;
}

TEST(TraceSampler, FollowsTheParentIfToldSo) {
    const std::string any(32, 'a');
    const TraceContext sampled{any, std::string(16, 'b'), 1, {}};
    const TraceContext left_out{any, std::string(16, 'b'), 0, {}};
    EXPECT_TRUE(sampler("parentbased_always_off").samples(any, sampled));
    EXPECT_FALSE(sampler("parentbased_always_off").samples(any, std::nullopt));
    EXPECT_FALSE(sampler("parentbased_always_on").samples(any, left_out));
    EXPECT_TRUE(sampler("always_on").samples(any, left_out));
    EXPECT_FALSE(sampler("always_off").samples(any, sampled));
}

TEST(TraceSampler, TakesAShareByTheIdsLast56Bits) {
    const std::string head(18, '0');
    EXPECT_TRUE(sampler("traceidratio", "0.5").samples(head + "7fffffffffffff", std::nullopt));
    EXPECT_FALSE(sampler("traceidratio", "0.5").samples(head + "80000000000000", std::nullopt));
    EXPECT_TRUE(sampler("traceidratio", "1").samples(head + "ffffffffffffff", std::nullopt));
    EXPECT_FALSE(sampler("traceidratio", "0").samples(head + "00000000000001", std::nullopt));
}

}  // namespace
}  // namespace enough::test
