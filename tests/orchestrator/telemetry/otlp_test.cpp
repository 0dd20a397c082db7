#include "telemetry/otlp_exporter.hpp"
#include "telemetry/otlp_json.hpp"

#include "support/fake_server.hpp"
#include "support/run.hpp"

#include <enough/async/task_group.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <limits>

namespace enough::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

Span some_span() {
    Span span;
    span.trace_id = "5b8efff798038103d269b633813fc60c";
    span.id = "eee19b7ec3c1b174";
    span.parent = "eee19b7ec3c1b173";
    span.name = "chat m";
    span.kind = SpanKind::client;
    span.trace_flags = 1;
    span.start = std::chrono::system_clock::time_point(std::chrono::nanoseconds(1'544'712'660'000'000'000));
    span.end = span.start + std::chrono::milliseconds(1'500);
    return span;
}

// The names and forms are those of https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding and its example,
// https://github.com/open-telemetry/opentelemetry-proto/blob/main/examples/trace.json.
TEST(OtlpJson, IsAsTheSpecificationHasIt) {
    Span span = some_span();
    span.set("text", std::string("a"));
    span.set("count", std::int64_t{9'007'199'254'740'993});
    span.set("share", 0.5);
    span.set("endless", std::numeric_limits<double>::infinity());
    span.set("yes", true);
    span.set("list", std::vector<std::string>{"stop"});
    span.events.push_back({span.start, "told", {{"n", std::int64_t{1}}}});
    span.error = "it broke";
    Attributes resource;
    resource.emplace_back("service.name", std::string("enough"));
    const json request = json::parse(otlp_json(resource, std::vector<Span>(1, span)));

    const json& resource_spans = request.at("resourceSpans").at(0);
    EXPECT_EQ(resource_spans["resource"],
              json::parse(R"({"attributes": [{"key": "service.name", "value": {"stringValue": "enough"}}]})"));
    EXPECT_EQ(resource_spans["scopeSpans"][0]["scope"]["name"], "enough");
    json expected = json::parse(R"({
        "traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174",
        "parentSpanId": "eee19b7ec3c1b173", "flags": 257, "name": "chat m", "kind": 3,
        "startTimeUnixNano": "1544712660000000000", "endTimeUnixNano": "1544712661500000000",
        "attributes": [
            {"key": "text", "value": {"stringValue": "a"}},
            {"key": "count", "value": {"intValue": "9007199254740993"}},
            {"key": "share", "value": {"doubleValue": 0.5}},
            {"key": "endless", "value": {"doubleValue": "Infinity"}},
            {"key": "yes", "value": {"boolValue": true}},
            {"key": "list", "value": {"arrayValue": {"values": [{"stringValue": "stop"}]}}}],
        "events": [{"timeUnixNano": "1544712660000000000", "name": "told",
                    "attributes": [{"key": "n", "value": {"intValue": "1"}}]}],
        "status": {"message": "it broke", "code": 2}})");
    EXPECT_EQ(resource_spans["scopeSpans"][0]["spans"][0], expected);
}

TEST(OtlpJson, ARootSpanHasNoParentAndNoStatus) {
    Span span = some_span();
    span.parent.clear();
    span.trace_state = "foo=1";
    const json request = json::parse(otlp_json({}, std::vector<Span>(1, span)));
    const json& one = request["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
    EXPECT_FALSE(one.contains("parentSpanId"));
    EXPECT_EQ(one["traceState"], "foo=1");
    EXPECT_EQ(one["status"], json::object());
}

struct Exported {
    Tracing::Counts counts;
    std::vector<std::string> complaints;
};

Task<void> export_all(asio::any_io_executor executor, TraceSettings settings, std::size_t spans, Exported* exported) {
    OtlpExporter exporter(executor, settings, [=](const std::string& what) { exported->complaints.push_back(what); });
    for (std::size_t i = 0; i < spans; ++i)
        exporter.take(some_span());
    TaskGroup group(executor);
    group.spawn(exporter.serve());
    // Until everything has been dealt with once: the end itself makes no further attempts.
    asio::steady_timer timer(executor);
    for (int i = 0; i < 5'000 && exporter.counts().sent + exporter.counts().failed + exporter.counts().dropped < spans;
         ++i) {
        timer.expires_after(std::chrono::milliseconds(2));
        co_await timer.async_wait(asio::use_awaitable);
    }
    exporter.finish();
    co_await group.join();
    exported->counts = exporter.counts();
}

Exported exported_to(const std::string& url, std::size_t spans, TraceSettings settings = {}) {
    settings.url = url;
    settings.delay = std::chrono::milliseconds(1);
    Exported exported;
    run_with([&](asio::any_io_executor executor) { return export_all(executor, settings, spans, &exported); });
    return exported;
}

TEST(OtlpExporter, PostsBatches) {
    FakeServer collector([](FakeExchange& exchange) { exchange.answer(200, "{}"); });
    TraceSettings settings;
    settings.batch = 2;
    settings.headers.emplace_back("api-key", Secret("top-secret"));
    const Exported exported = exported_to(collector.url("/v1/traces"), 5, settings);
    EXPECT_EQ(exported.counts.sent, 5U);
    EXPECT_EQ(exported.counts.failed + exported.counts.dropped, 0U);
    const auto requests = collector.requests();
    ASSERT_EQ(requests.size(), 3U);
    for (const FakeRequest& request : requests) {
        EXPECT_EQ(request.method, "POST");
        EXPECT_EQ(request.target, "/v1/traces");
        EXPECT_EQ(request.header("content-type"), "application/json");
        EXPECT_EQ(request.header("api-key"), "top-secret");
        EXPECT_THAT(request.body, Not(HasSubstr("top-secret")));
        EXPECT_LE(json::parse(request.body)["resourceSpans"][0]["scopeSpans"][0]["spans"].size(), 2U);
    }
}

TEST(OtlpExporter, TriesAgainWhereThatIsWorthIt) {
    FakeServer collector([](FakeExchange& exchange) {
        if (exchange.request().number == 0) return exchange.answer(503, "busy", {{"Retry-After", "0"}});
        exchange.answer(200, "{}");
    });
    const Exported exported = exported_to(collector.url(), 1);
    EXPECT_EQ(exported.counts.sent, 1U);
    const auto requests = collector.requests();
    ASSERT_EQ(requests.size(), 2U);
    EXPECT_EQ(requests[0].body, requests[1].body);
    EXPECT_TRUE(exported.complaints.empty());
}

TEST(OtlpExporter, GivesUpWhereItIsNot) {
    FakeServer collector([](FakeExchange& exchange) { exchange.answer(400, "top-secret"); });
    TraceSettings settings;
    settings.batch = 1;
    const Exported exported = exported_to(collector.url(), 2, settings);
    EXPECT_EQ(exported.counts.failed, 2U);
    EXPECT_EQ(collector.counts().requests, 2U);
    ASSERT_EQ(exported.complaints.size(), 1U);  // once until it works again
    EXPECT_THAT(exported.complaints[0], HasSubstr("400"));
    EXPECT_THAT(exported.complaints[0], Not(HasSubstr("top-secret")));
}

TEST(OtlpExporter, CountsWhatTheCollectorRejects) {
    FakeServer collector(
        [](FakeExchange& exchange) { exchange.answer(200, R"({"partialSuccess": {"rejectedSpans": "2"}})"); });
    const Exported exported = exported_to(collector.url(), 5);
    EXPECT_EQ(exported.counts.sent, 3U);
    EXPECT_EQ(exported.counts.failed, 2U);
}

TEST(OtlpExporter, DropsWhatTheQueueCannotHold) {
    FakeServer collector([](FakeExchange& exchange) { exchange.answer(200, "{}"); });
    TraceSettings settings;
    settings.queue = 2;
    const Exported exported = exported_to(collector.url(), 5, settings);
    EXPECT_EQ(exported.counts.sent, 2U);
    EXPECT_EQ(exported.counts.dropped, 3U);
}

Task<void> end_at_once(asio::any_io_executor executor, std::string url, Exported* exported) {
    TraceSettings settings;
    settings.url = std::move(url);
    OtlpExporter exporter(executor, settings, [=](const std::string& what) { exported->complaints.push_back(what); });
    exporter.take(some_span());
    exporter.finish();
    TaskGroup group(executor);
    group.spawn(exporter.serve());
    co_await group.join();
    exported->counts = exporter.counts();
}

TEST(OtlpExporter, AnEndWithoutACollectorIsNoWait) {
    std::string url;
    {
        const FakeServer gone([](FakeExchange&) {});
        url = gone.url();
    }
    Exported exported;
    const auto began = std::chrono::steady_clock::now();
    run_with([&](asio::any_io_executor executor) { return end_at_once(executor, url, &exported); });
    EXPECT_EQ(exported.counts.failed, 1U);
    EXPECT_EQ(exported.complaints.size(), 1U);
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
}

TEST(OtlpExporter, TheEndSendsTheRest) {
    FakeServer collector([](FakeExchange& exchange) { exchange.answer(200, "{}"); });
    Exported exported;
    run_with([&](asio::any_io_executor executor) { return end_at_once(executor, collector.url(), &exported); });
    EXPECT_EQ(exported.counts.sent, 1U);
}

}  // namespace
}  // namespace enough::test
