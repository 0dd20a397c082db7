// Metrics, traces and logs of a server over real loopback sockets.

#include "orchestrator/server_fixture.hpp"

#include "support/fake_openai.hpp"
#include "support/fake_server.hpp"
#include "support/temporary_folder.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <sstream>

namespace enough::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

const std::string trace = "12345678901234567890123456789012";
const std::string caller = "1234567890123456";
const std::string parent = "00-" + trace + "-" + caller + "-01";

std::string served_at(const std::string& url) {
    return fmt::format(R"yaml(
version: 1
name: cascade
inputs: {{question: {{type: string}}}}
models:
  far: {{provider: openai, base_url: "{}", model: big, retry: {{attempts: 1}}}}
agents: {{solver: {{model: far, temperature: 0.5, max_tokens: 99}}}}
steps: [{{id: solve, agent: solver, prompt: "{{{{ inputs.question }}}}"}}]
)yaml",
                       url);
}

std::string request_of(const std::string& method, const std::string& path, const std::string& headers,
                       const std::string& body = {}) {
    return fmt::format("{} {} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{}Content-Length: {}\r\n\r\n{}",
                       method, path, headers, body.size(), body);
}

// --- metrics

Task<void> reads_metrics(ServerClient* client, Server*) {
    co_await client->ask("POST", "/v1/chat/completions", ask_cascade);
    co_await client->ask("GET", "/v1/runs/made-up");
    co_await client->ask("GET", "/no/such/path?q=secret");
    const std::string answer = co_await client->raw(request_of("GET", "/metrics", ""));
    EXPECT_THAT(answer, HasSubstr("HTTP/1.1 200 OK"));
    EXPECT_THAT(answer, HasSubstr("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    for (const std::string line : {
             R"(enough_runs_total{workflow="cascade",status="accepted"} 1)",
             R"(enough_calls_total{model="small",agent="solver",outcome="answered"} 1)",
             R"(enough_http_requests_total{method="POST",route="/v1/chat/completions",status="200"} 1)",
             R"(enough_http_requests_total{method="GET",route="/v1/runs/{id}",status="404"} 1)",
             R"(enough_http_requests_total{method="GET",route="other",status="404"} 1)",
             "enough_http_requests_in_flight 1",  // this one
             R"(enough_trace_spans_total{outcome="sent"} 0)",
             R"(enough_build_info{version="0.1.0"} 1)",
         })
        EXPECT_THAT(answer, HasSubstr("\n" + line + "\n"));
    EXPECT_TRUE(std::regex_search(answer, std::regex("\nprocess_resident_memory_bytes [1-9]")));
    EXPECT_TRUE(std::regex_search(answer, std::regex("\nprocess_open_fds [1-9]")));
    EXPECT_THAT(answer, Not(HasSubstr("secret")));
    const Reply posted = co_await client->ask("POST", "/metrics");
    EXPECT_EQ(posted.status, 405);
}

TEST(ServerMetrics, CountWhatHappened) {
    with_server({scripted_cascade}, reads_metrics);
}

Task<void> refused_request(ServerClient* client, Server*) {
    co_await client->raw("nonsense\r\n\r\n");
    const Reply metrics = co_await client->ask("GET", "/metrics");
    EXPECT_THAT(metrics.body, HasSubstr(R"(enough_http_requests_total{method="none",route="none",status="400"} 1)"));
}

TEST(ServerMetrics, CountWhatWasNoRequestToo) {
    with_server({scripted_cascade}, refused_request);
}

Task<void> asks_with_keys(ServerClient* client, Server*) {
    const Reply without = co_await client->ask("GET", "/metrics");
    EXPECT_EQ(without.status, 401);
    const Reply with = co_await client->ask("GET", "/metrics", "", "a-key-of-some-length");
    EXPECT_EQ(with.status, 200);
}

TEST(ServerMetrics, AreBehindTheKeys) {
    const TemporaryFolder folder;
    std::ofstream(folder.file("keys")) << "a-key-of-some-length\n";
    ServeSettings settings = on_any_port();
    settings.api_keys = folder.file("keys");
    with_server({scripted_cascade}, asks_with_keys, settings);
}

std::string file_text(const std::string& name) {
    std::ifstream in(std::string(ENOUGH_TESTS_DIR) + "/../" + name);
    EXPECT_TRUE(in) << name;
    return std::string(std::istreambuf_iterator<char>(in), {});
}

std::set<std::string> metrics_named_in(const std::string& text, const std::map<std::string, std::string>& types) {
    std::set<std::string> names;
    const std::regex name(R"(\b(enough|process)_[a-z0-9_]+\b)");
    for (std::sregex_iterator each(text.begin(), text.end(), name); each != std::sregex_iterator(); ++each) {
        std::string found = each->str();
        for (const std::string suffix : {"_bucket", "_sum", "_count"})
            if (found.ends_with(suffix) && types.contains(found.substr(0, found.size() - suffix.size())))
                found.resize(found.size() - suffix.size());
        names.insert(std::move(found));
    }
    return names;
}

Task<void> compares_with_docs(ServerClient* client, Server*) {
    const Reply metrics = co_await client->ask("GET", "/metrics");
    std::map<std::string, std::string> types;
    std::set<std::string> real;
    std::istringstream lines(metrics.body);
    for (std::string hash, kind, name, rest; lines >> hash >> kind >> name && std::getline(lines, rest);)
        if (hash == "#" && kind == "TYPE") {
            types[name] = rest;
            real.insert(name);
        }
    EXPECT_GT(real.size(), 30U);
    EXPECT_EQ(metrics_named_in(file_text("docs/observability.md"), types), real);
    for (const std::string& name : metrics_named_in(file_text("examples/observability/grafana-dashboard.json"), types))
        EXPECT_TRUE(real.contains(name)) << name;
}

TEST(ServerMetrics, AreThoseThatTheDocumentationAndTheDashboardName) {
    with_server({scripted_cascade}, compares_with_docs);
}

TEST(Dashboard, IsJsonWithPanels) {
    const json dashboard = json::parse(file_text("examples/observability/grafana-dashboard.json"));
    EXPECT_GT(dashboard.at("panels").size(), 8U);
    std::set<int> ids;
    for (const json& panel : dashboard["panels"]) {
        EXPECT_TRUE(ids.insert(panel.at("id").get<int>()).second);
        if (panel.at("type") == "row") continue;
        for (const json& target : panel.at("targets"))
            EXPECT_THAT(target.at("expr").get<std::string>(), testing::ContainsRegex("(enough|process)_"));
    }
}

// --- trace context

/// A model's server that answers, and keeps what it was told.
struct Upstream {
    FakeServer server{[](FakeExchange& exchange) { stream(exchange, {"it is 42", 0}); }};

    std::string told(std::size_t request, const char* header) const {
        return server.requests().at(request).header(header);
    }
};

Task<void> asks_in_a_trace(ServerClient* client, std::string headers) {
    const std::string answer = co_await client->raw(request_of("POST", "/v1/chat/completions", headers, ask_cascade));
    EXPECT_THAT(answer, HasSubstr("HTTP/1.1 200 OK"));
}

TEST(ServerTraceContext, IsPassedOnAsItCameWhereNoSpansAreMade) {
    Upstream upstream;
    const std::string headers = "traceparent: " + parent + "\r\ntracestate: foo=1\r\n";
    with_server({served_at(upstream.server.url("/v1"))},
                [&](ServerClient* client, Server*) { return asks_in_a_trace(client, headers); });
    ASSERT_EQ(upstream.server.requests().size(), 1U);
    EXPECT_EQ(upstream.told(0, "traceparent"), parent);
    EXPECT_EQ(upstream.told(0, "tracestate"), "foo=1");
}

TEST(ServerTraceContext, NobodyIsToldOfATraceThatThereIsNot) {
    for (const std::string headers : {"", "traceparent: 00-xyz-1234567890123456-01\r\ntracestate: foo=1\r\n"}) {
        Upstream upstream;
        with_server({served_at(upstream.server.url("/v1"))},
                    [&](ServerClient* client, Server*) { return asks_in_a_trace(client, headers); });
        ASSERT_EQ(upstream.server.requests().size(), 1U);
        EXPECT_EQ(upstream.told(0, "traceparent"), "");
        EXPECT_EQ(upstream.told(0, "tracestate"), "");
    }
}

json spans_in(const FakeRequest& request) {
    return json::parse(request.body).at("/resourceSpans/0/scopeSpans/0/spans"_json_pointer);
}

/// A collector of spans, by name.
struct Collector {
    FakeServer server{[](FakeExchange& exchange) { exchange.answer(200, "{}"); }};

    ServeSettings settings() const {
        ServeSettings settings = on_any_port();
        settings.traces.emplace();
        settings.traces->url = server.url("/v1/traces");
        return settings;
    }
    std::map<std::string, json> spans() const {
        std::map<std::string, json> all;
        for (const FakeRequest& request : server.requests())
            for (const json& span : spans_in(request))
                all[span.at("name")] = span;
        return all;
    }
};

std::optional<json> attribute(const json& span, const std::string& key) {
    for (const json& each : span.at("attributes"))
        if (each.at("key") == key) return each.at("value");
    return std::nullopt;
}

TEST(ServerTraces, SpansReachTheCollectorAndTheModelsServerKnowsItsOwn) {
    Upstream upstream;
    const Collector collector;
    with_server(
        {served_at(upstream.server.url("/v1"))},
        [&](ServerClient* client, Server*) {
            return asks_in_a_trace(client, "traceparent: " + parent + "\r\ntracestate: foo=1\r\n");
        },
        collector.settings());
    auto spans = collector.spans();  // sent at the latest when the server ended
    ASSERT_EQ(spans.size(), 3U);
    const json& root = spans["invoke_workflow cascade"];
    const json& agent = spans["invoke_agent solver"];
    const json& chat = spans["chat big"];
    EXPECT_EQ(root["traceId"], trace);
    EXPECT_EQ(root["parentSpanId"], caller);
    EXPECT_EQ(agent["parentSpanId"], root["spanId"]);
    EXPECT_EQ(chat["parentSpanId"], agent["spanId"]);
    EXPECT_EQ(upstream.told(0, "traceparent"), fmt::format("00-{}-{}-01", trace, chat.at("spanId").get<std::string>()));
    EXPECT_EQ(upstream.told(0, "tracestate"), "foo=1");
    EXPECT_EQ(attribute(chat, "gen_ai.provider.name"), json::parse(R"({"stringValue": "openai"})"));
    EXPECT_EQ(attribute(chat, "gen_ai.request.model"), json::parse(R"({"stringValue": "big"})"));
    EXPECT_EQ(attribute(chat, "gen_ai.response.model"), json::parse(R"({"stringValue": "fake-model"})"));
    EXPECT_EQ(attribute(chat, "gen_ai.request.temperature"), json::parse(R"({"doubleValue": 0.5})"));
    EXPECT_EQ(attribute(chat, "gen_ai.request.max_tokens"), json::parse(R"({"intValue": "99"})"));
    EXPECT_EQ(attribute(chat, "gen_ai.usage.input_tokens"), json::parse(R"({"intValue": "10"})"));
    EXPECT_EQ(attribute(chat, "gen_ai.usage.output_tokens"), json::parse(R"({"intValue": "3"})"));
    EXPECT_EQ(attribute(chat, "server.address"), json::parse(R"({"stringValue": "127.0.0.1"})"));
    EXPECT_FALSE(attribute(chat, "gen_ai.input.messages"));
    EXPECT_THAT(collector.server.requests().at(0).body, Not(HasSubstr("6 * 7")));
}

TEST(ServerTraces, WhatTheCallerLeavesOutIsLeftOut) {
    Upstream upstream;
    const Collector collector;
    const std::string unsampled = parent.substr(0, parent.size() - 1) + "0";
    with_server(
        {served_at(upstream.server.url("/v1"))},
        [&](ServerClient* client, Server*) { return asks_in_a_trace(client, "traceparent: " + unsampled + "\r\n"); },
        collector.settings());
    EXPECT_EQ(collector.server.requests().size(), 0U);
    EXPECT_THAT(upstream.told(0, "traceparent"), testing::EndsWith("-00"));
}

Task<void> asks_and_reads_spans(ServerClient* client, Server*) {
    const Reply reply = co_await client->ask("POST", "/v1/chat/completions", ask_cascade);
    EXPECT_EQ(reply.status, 200);
}

TEST(ServerTraces, ADeadCollectorFailsNoRunAndNoEnd) {
    ServeSettings settings = on_any_port();
    settings.traces.emplace();
    {
        const FakeServer gone([](FakeExchange&) {});
        settings.traces->url = gone.url("/v1/traces");
    }
    const auto began = std::chrono::steady_clock::now();
    with_server({scripted_cascade}, asks_and_reads_spans, settings);
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(10));
}

// --- logs

Task<void> makes_lines(ServerClient* client, Server*) {
    const std::string headers = "traceparent: " + parent + "\r\nAuthorization: Bearer a-key-of-some-length\r\n";
    co_await client->raw(request_of("POST", "/v1/chat/completions?q=query-secret", headers, ask_cascade));
    co_await client->ask("GET", "/healthz");
    co_await client->ask("GET", "/v1/runs/path-secret", "", "a-key-of-some-length");
}

TEST(ServerLog, HasALineForEachRequestAndRunAndNoSecret) {
    const TemporaryFolder folder;
    std::ofstream(folder.file("keys")) << "a-key-of-some-length\n";
    ServeSettings settings = on_any_port();
    settings.api_keys = folder.file("keys");
    settings.log.format = LogFormat::json;
    testing::internal::CaptureStderr();
    with_server({scripted_cascade}, makes_lines, settings);
    const std::string written = testing::internal::GetCapturedStderr();
    std::vector<json> lines;
    std::istringstream in(written);
    for (std::string line; std::getline(in, line);)
        lines.push_back(json::parse(line));
    ASSERT_EQ(lines.size(), 3U) << written;  // health checks are for `debug`
    EXPECT_EQ(lines[0]["message"], "run");
    EXPECT_EQ(lines[0]["workflow"], "cascade");
    EXPECT_EQ(lines[0]["status"], "accepted");
    EXPECT_EQ(lines[0]["calls"], 2);
    EXPECT_EQ(lines[0]["output_tokens"], 6);
    EXPECT_EQ(lines[1]["message"], "request");
    EXPECT_EQ(lines[1]["route"], "/v1/chat/completions");
    EXPECT_EQ(lines[1]["status"], 200);
    EXPECT_EQ(lines[1]["trace_id"], trace);
    EXPECT_EQ(lines[1]["run_id"], lines[0]["run_id"]);
    EXPECT_TRUE(
        std::regex_match(lines[1]["time"].get<std::string>(), std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)")));
    EXPECT_EQ(lines[2]["route"], "/v1/runs/{id}");
    EXPECT_EQ(lines[2]["status"], 404);
    for (const char* secret : {"a-key-of-some-length", "query-secret", "path-secret", "6 * 7", "it is 42"})
        EXPECT_THAT(written, Not(HasSubstr(secret)));
}

}  // namespace
}  // namespace enough::test
