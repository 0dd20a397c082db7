// The web page and what it reads of workflows and running calls, over real loopback sockets.

#include "orchestrator/server_fixture.hpp"

#include "support/temporary_folder.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <regex>

namespace enough::test {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string get(const std::string& path, const std::string& headers = {}, const std::string& method = "GET") {
    return fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{}\r\n", method, path, headers);
}

std::string body_of(const std::string& response) {
    const auto end = response.find("\r\n\r\n");
    return end == std::string::npos ? std::string() : response.substr(end + 4);
}

std::string first_match(const std::string& text, const std::string& pattern) {
    std::smatch match;
    return std::regex_search(text, match, std::regex(pattern)) ? match[1].str() : std::string();
}

Task<void> page_is_there(ServerClient* client, Server*) {
    const std::string page = co_await client->raw(get("/"));
    EXPECT_THAT(page, StartsWith("HTTP/1.1 200 "));
    EXPECT_THAT(page, HasSubstr("Content-Type: text/html; charset=utf-8\r\n"));
    EXPECT_THAT(page, HasSubstr("Content-Security-Policy: default-src 'self';"));
    EXPECT_THAT(page, HasSubstr("X-Content-Type-Options: nosniff\r\n"));
    EXPECT_THAT(page, HasSubstr("Cache-Control: no-cache\r\n"));
    EXPECT_THAT(body_of(page), HasSubstr("<title>enough</title>"));
    EXPECT_THAT(body_of(page), Not(HasSubstr("://")));
    const std::string head = co_await client->raw(get("/", "", "HEAD"));
    EXPECT_THAT(head, StartsWith("HTTP/1.1 200 "));
    EXPECT_EQ(body_of(head), "");
    const std::string post = co_await client->raw(get("/", "Content-Length: 0\r\n", "POST"));
    EXPECT_THAT(post, AllOf(StartsWith("HTTP/1.1 405 "), HasSubstr("Allow: GET\r\n")));
}

TEST(ServerPage, StandsAtTheRoot) {
    with_server({scripted_cascade}, page_is_there);
}

Task<void> unchanged_is_not_sent_again(ServerClient* client, Server*) {
    const std::string page = co_await client->raw(get("/"));
    const std::string tag = first_match(page, "ETag: (\"[^\"]+\")\r\n");
    EXPECT_NE(tag, "");
    for (const std::string& known : {tag, "W/" + tag, "\"other\", " + tag, std::string("*")}) {
        const std::string again = co_await client->raw(get("/", "If-None-Match: " + known + "\r\n"));
        EXPECT_THAT(again, StartsWith("HTTP/1.1 304 ")) << known;
        EXPECT_EQ(body_of(again), "") << known;
    }
    const std::string changed = co_await client->raw(get("/", "If-None-Match: \"other\"\r\n"));
    EXPECT_THAT(changed, StartsWith("HTTP/1.1 200 "));
}

TEST(ServerPage, IsSentOnceToABrowserThatKeepsIt) {
    with_server({scripted_cascade}, unchanged_is_not_sent_again);
}

Task<void> assets_are_compressed(ServerClient* client, Server*) {
    const std::string page = co_await client->raw(get("/"));
    const std::string script = first_match(page, "src=\"\\.(/assets/[^\"]+\\.js)\"");
    if (script.empty()) co_return;  // built without the page
    const std::string plain = co_await client->raw(get(script));
    EXPECT_THAT(plain, StartsWith("HTTP/1.1 200 "));
    EXPECT_THAT(plain, HasSubstr("Content-Type: text/javascript; charset=utf-8\r\n"));
    EXPECT_THAT(plain, HasSubstr("Cache-Control: private, max-age=31536000, immutable\r\n"));
    EXPECT_THAT(plain, Not(HasSubstr("Content-Encoding")));
    const std::string packed = co_await client->raw(get(script, "Accept-Encoding: br, gzip;q=0.8\r\n"));
    EXPECT_THAT(packed, HasSubstr("Content-Encoding: gzip\r\n"));
    EXPECT_THAT(packed, HasSubstr("Vary: Accept-Encoding\r\n"));
    EXPECT_THAT(body_of(packed), StartsWith("\x1f\x8b"));  // RFC 1952, 2.3.1
    EXPECT_LT(body_of(packed).size(), body_of(plain).size());
    const std::string refused = co_await client->raw(get(script, "Accept-Encoding: gzip;q=0\r\n"));
    EXPECT_THAT(refused, Not(HasSubstr("Content-Encoding")));
    for (const char* path :
         {"/assets/", "/assets/none.js", "/assets/../etc/passwd", "/assets/%2e%2e/x", "/index.html"}) {
        const std::string missing = co_await client->raw(get(path));
        EXPECT_THAT(missing, StartsWith("HTTP/1.1 404 ")) << path;
    }
}

TEST(ServerPage, AssetsAreCompressedAndKeptForever) {
    with_server({scripted_cascade}, assets_are_compressed);
}

/// The events of a stream as (type, data).
std::vector<std::pair<std::string, json>> stream_events(const std::string& stream) {
    std::vector<std::pair<std::string, json>> events;
    const std::regex shape("event: (\\w+)\ndata: (.*)\n\n");
    for (std::sregex_iterator each(stream.begin(), stream.end(), shape), end; each != end; ++each)
        events.emplace_back((*each)[1], json::parse((*each)[2].str()));
    return events;
}

Task<void> tokens_of_a_run(ServerClient* client, Server*) {
    const Reply run = co_await client->ask("POST", "/v1/runs?wait=10s",
                                           R"({"workflow": "cascade", "inputs": {"question": "What is 6 * 7?"}})");
    const std::string id = run.run_id.value_or("");
    EXPECT_EQ(run.json()["question"], "What is 6 * 7?");
    const Reply live = co_await client->ask("GET", "/v1/runs/" + id + "/live");
    const auto events = stream_events(live.body);
    json texts = json::object();
    for (const auto& [type, data] : events)
        if (type == "text") texts[std::to_string(data["call"].get<int>())] = data["pieces"];
    // The script has three words at 1.9 bits each; of the second call no evidence was asked.
    EXPECT_EQ(texts["1"], json::parse(R"([{"text": "a", "bits": 1.9}, {"text": " first", "bits": 1.9},
                                          {"text": " draft", "bits": 1.9}])"));
    EXPECT_EQ(texts["2"], json::parse(R"([{"text": "it", "bits": null}, {"text": " is", "bits": null},
                                          {"text": " 42", "bits": null}])"));
    EXPECT_EQ(events.back().first, "end");
    const Reply unknown = co_await client->ask("GET", "/v1/runs/none/live");
    EXPECT_EQ(unknown.status, 404);
    EXPECT_EQ(unknown.error(), "there is no such run (any more)");
}

TEST(ServerPage, TokensOfARunComeWithTheirEntropy) {
    with_server({scripted_cascade}, tokens_of_a_run);
}

constexpr const char* secretive = R"yaml(
version: 1
name: secretive
description: Everything about its server is a secret
inputs: {question: {type: string, description: What to ask}, times: {type: integer, default: 3}}
models:
  far:
    provider: openai
    base_url: http://127.0.0.1:9/hidden-path
    api_key: sk-hidden-key
    model: far-1
    extra_headers: {X-Hidden: hidden-header}
    price: {input: 1, output: 2}
  near: {provider: scripted, answers: [{text: hidden answer, repeat: true}]}
agents:
  solver: {model: near, system: a hidden instruction}
  expert: {model: far, temperature: 0.5}
gates: {sure: {signal: entropy.mean, accept: [1.0, 0.5], escalate: 2.5}}
steps:
  - id: solve
    prompt: "a hidden prompt {{ inputs.question }}"
    ladder:
      - {agent: solver, gate: sure, refine: {max_steps: 2}}
      - {agent: expert}
  - id: check
    needs: [solve]
    prompt: "{{ steps.solve.text }}"
    panel: {agents: [solver, expert], samples: 2, aggregate: majority}
output: "{{ steps.check.text }}"
)yaml";

Task<void> describes_workflows(ServerClient* client, Server*) {
    const Reply reply = co_await client->ask("GET", "/v1/workflows");
    EXPECT_EQ(reply.status, 200);
    EXPECT_THAT(reply.body, Not(HasSubstr("hidden")));
    EXPECT_THAT(reply.body, Not(HasSubstr("127.0.0.1")));
    const json view = reply.json()["data"][0];
    EXPECT_EQ(view["name"], "secretive");
    EXPECT_EQ(view["inputs"], json::parse(R"([
        {"name": "question", "type": "string", "description": "What to ask", "required": true},
        {"name": "times", "type": "integer", "description": "", "required": false, "default": 3}])"));
    const json ladder = view["steps"][0]["rungs"];
    EXPECT_EQ(ladder[0]["gate"]["name"], "sure");
    EXPECT_EQ(ladder[0]["gate"]["signal"], "entropy.mean");
    EXPECT_EQ(ladder[0]["gate"]["direction"], "lower_is_surer");
    EXPECT_EQ(ladder[0]["gate"]["accept"], json::parse("[1.0, 0.5]"));
    EXPECT_EQ(ladder[0]["gate"]["escalate"], 2.5);
    EXPECT_TRUE(ladder[0]["gate"]["calibration"].is_null());
    EXPECT_EQ(ladder[0]["refine"]["max_steps"], 2);
    EXPECT_TRUE(ladder[1]["gate"].is_null());
    EXPECT_EQ(view["steps"][1]["needs"], json::parse(R"(["solve"])"));
    EXPECT_EQ(view["steps"][1]["rungs"][0]["kind"], "panel");
    EXPECT_EQ(view["steps"][1]["rungs"][0]["samples"], 2);
    EXPECT_THAT(view["graph"].get<std::string>(), StartsWith("flowchart TD"));
    EXPECT_EQ(view["models"][0], json::parse(R"({"name": "far", "provider": "openai", "model": "far-1",
        "price": {"input": 1.0, "output": 2.0}, "fallback": []})"));
    const Reply posted = co_await client->ask("POST", "/v1/workflows", "{}");
    EXPECT_EQ(posted.status, 405);
}

TEST(ServerPage, WorkflowsAreDescribedWithoutTheirSecrets) {
    with_server({secretive}, describes_workflows);
}

// 2 right and 1 wrong answer at the first step, as in docs/calibration.md.
constexpr const char* calibration = R"({
    "version": 1, "model": "scripted", "provider": "scripted", "signal": "entropy.mean", "scope": "all", "top_k": 20,
    "temperature": null, "prompt_hash": "", "settings": {"extra_body": "{\"key\": \"hidden\"}", "max_tokens": "null"},
    "created": "2026-01-31T12:00:00Z", "loss": "regret", "epsilon": 0.02,
    "steps": [{"step": 1, "verdict": "weak", "reasons": ["few items"], "correct": {"n": 2, "mean": 0.3, "sd": 0.1},
               "thresholds": {"crc": {"value": 0.5, "low": 0.4, "high": 0.6, "reason": "", "accepts_correct": 1.0,
                              "accepts_incorrect": 0.0, "savings": 0.5, "accepted": 2,
                              "accuracy_change": {"value": 0.0, "low": null, "high": null}}}}],
    "items": [{"id": "a", "steps": [{"entropy": 0.4, "tokens": 3, "correct": true, "truncated": false}]},
              {"id": "b", "steps": [{"entropy": 0.2, "tokens": 3, "correct": true, "truncated": false}]},
              {"id": "c", "steps": [{"entropy": 1.5, "tokens": 3, "correct": false, "truncated": false}]}]})";

Task<void> shows_calibrations(ServerClient* client, Server*) {
    const Reply reply = co_await client->ask("GET", "/v1/workflows");
    EXPECT_THAT(reply.body, Not(HasSubstr("hidden")));
    const json view = reply.json()["data"][0];
    const json gate = view["steps"][0]["rungs"][0]["gate"];
    EXPECT_EQ(gate["accept"], json::parse("[0.5]"));
    EXPECT_EQ(gate["calibration"]["method"], "crc");
    EXPECT_EQ(gate["calibration"]["intervals"], json::parse(R"([{"low": 0.4, "high": 0.6}])"));
    const json shown = view["calibrations"][0];
    EXPECT_EQ(shown["file"], gate["calibration"]["file"]);
    EXPECT_EQ(shown["steps"][0]["reasons"], json::parse(R"(["few items"])"));
    EXPECT_EQ(shown["steps"][0]["correct"]["mean"], 0.3);
    EXPECT_EQ(shown["steps"][0]["scores"], json::parse(R"({"correct": [0.2, 0.4], "incorrect": [1.5],
                                                           "correct_items": 2, "incorrect_items": 1})"));
    EXPECT_FALSE(shown.contains("items"));
}

TEST(ServerPage, CalibrationsAreShownWithTheirScores) {
    const TemporaryFolder folder;
    const auto file = folder.path() / "cal.json";
    std::ofstream(file) << calibration;
    const std::string workflow = fmt::format(R"yaml(
version: 1
name: calibrated
inputs: {{question: {{type: string}}}}
models: {{small: {{provider: scripted, answers: [{{text: "a", entropy: [0.1], repeat: true}}]}}}}
agents: {{solver: {{model: small}}}}
steps:
  - id: solve
    prompt: "{{{{ inputs.question }}}}"
    ladder:
      - {{agent: solver, gate: {{signal: entropy.mean, accept: {{calibration: {}, method: crc, allow_stale: true}}}}}}
      - {{agent: solver}}
output: "{{{{ steps.solve.text }}}}"
)yaml",
                                             file.string());
    with_server({workflow}, shows_calibrations);
}

}  // namespace
}  // namespace enough::test
