// Chat completions over real loopback sockets.

#include "orchestrator/server_fixture.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace enough::test {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

Task<void> completes(ServerClient* client, Server*) {
    const Reply reply = co_await client->ask("POST", "/v1/chat/completions", ask_cascade);
    EXPECT_EQ(reply.status, 200);
    const json body = reply.json();
    EXPECT_EQ(body["object"], "chat.completion");
    EXPECT_EQ(body["model"], "cascade");
    EXPECT_EQ(body["choices"][0]["message"]["content"], "it is 42");
    EXPECT_EQ(body["choices"][0]["finish_reason"], "stop");
    EXPECT_EQ(body["enough"]["status"], "accepted");
    EXPECT_EQ(body["enough"]["run_id"], reply.run_id);
    // Both calls: 5 words asked and 3 answered each time, as the script counts words.
    EXPECT_EQ(body["usage"]["completion_tokens"], 6);
    EXPECT_EQ(body["usage"]["prompt_tokens"], body["enough"]["usage"]["input_tokens"]);
}

TEST(ServerChat, AWorkflowIsAModel) {
    with_server({scripted_cascade}, completes);
}

Task<void> streams_live(ServerClient* client, Server*) {
    const Reply reply = co_await client->ask("POST", "/v1/chat/completions",
                                             streamed(R"(, "stream_options": {"include_usage": true})"));
    EXPECT_EQ(reply.status, 200);
    const auto events = events_of(reply.body);
    EXPECT_EQ(joined(events, "reasoning_content"), "a first draft\n\n");
    EXPECT_EQ(joined(events, "content"), "it is 42");
    EXPECT_EQ(events.back(), "[DONE]");
    const json& usage = events.at(events.size() - 2);
    EXPECT_TRUE(usage["choices"].empty());
    EXPECT_EQ(usage["usage"]["completion_tokens"], 6);
    EXPECT_EQ(events.at(events.size() - 3)["enough"]["status"], "accepted");
    EXPECT_EQ(events.at(events.size() - 3)["choices"][0]["finish_reason"], "stop");
    std::size_t pieces = 0;
    for (const json& event : events)
        pieces += event.is_object() && event.contains("enough") && event["enough"].contains("call");
    EXPECT_GE(pieces, 6u) << "word by word, not one buffered chunk";
}

TEST(ServerChat, DraftsAreReasoningAndTheUngatedAnswerIsContentAsItIsWritten) {
    with_server({scripted_cascade}, streams_live);
}

Task<void> usage_only_if_asked(ServerClient* client, Server*) {
    for (const char* options : {"", R"(, "stream_options": {"include_usage": false})"}) {
        const Reply reply = co_await client->ask("POST", "/v1/chat/completions", streamed(options));
        for (const json& event : events_of(reply.body))
            EXPECT_FALSE(event.is_object() && event.contains("usage")) << options;
    }
}

TEST(ServerChat, UsageIsStreamedOnlyWhereItIsAskedFor) {
    with_server({scripted_cascade}, usage_only_if_asked);
}

constexpr const char* failing = R"yaml(
version: 1
name: cascade
inputs: {question: {type: string}}
models:
  small: {provider: scripted, answers: [{text: "a first draft", entropy: [1.9], repeat: true}]}
  large: {provider: scripted, answers: [{text: "", error: server_error, repeat: true}]}
agents: {solver: {model: small}, expert: {model: large}}
steps:
  - id: solve
    prompt: "{{ inputs.question }}"
    ladder: [{agent: solver, gate: {signal: entropy.mean, accept: 0.5}}, {agent: expert}]
)yaml";

Task<void> fails_in_the_open(ServerClient* client, Server*) {
    const Reply stream = co_await client->ask("POST", "/v1/chat/completions", streamed(""));
    const auto events = events_of(stream.body);
    EXPECT_EQ(stream.status, 200) << "something had been sent";
    EXPECT_EQ(joined(events, "reasoning_content"), "a first draft\n\n");
    EXPECT_TRUE(events.back().contains("error")) << "and no [DONE]: " << stream.body;
    const Reply whole = co_await client->ask("POST", "/v1/chat/completions", ask_cascade);
    EXPECT_EQ(whole.status, 502);
    EXPECT_EQ(whole.json()["error"]["code"], "run_failed");
    EXPECT_EQ(whole.json()["error"]["type"], "server_error");
}

TEST(ServerChat, AFailureAfterTheFirstByteIsAnErrorEventAndBeforeItAStatus) {
    with_server({failing}, fails_in_the_open);
}

struct Refused {
    const char* method;
    const char* path;
    std::string body;
    int status;
    const char* message;
};

Task<void> refuses(ServerClient* client, std::vector<Refused> cases) {
    for (const Refused& each : cases) {
        const Reply reply = co_await client->ask(each.method, each.path, each.body);
        EXPECT_EQ(reply.status, each.status) << each.method << ' ' << each.path << ' ' << each.body;
        EXPECT_THAT(reply.error(), HasSubstr(each.message)) << each.body;
    }
}

TEST(ServerChat, RefusesInOpenAIsForm) {
    const auto chat = [](const std::string& more) { return R"({"model": "cascade", )" + more + "}"; };
    const std::string messages = R"("messages": [{"role": "user", "content": "q"}])";
    const char* path = "/v1/chat/completions";
    const std::vector<Refused> cases = {
        {"POST", path, "no json", 400, "must be a JSON object"},
        {"POST", path, R"({"model": "nobody", "messages": [{"role": "user", "content": "q"}]})", 404, "no workflow"},
        {"POST", path, R"({"messages": []})", 400, "'model'"},
        {"POST", path, chat(R"("messages": [])"), 400, "at least one message"},
        {"POST", path, chat(R"("messages": [{"role": "system", "content": "s"}])"), 400, "the user's"},
        {"POST", path, chat(R"("messages": [{"role": "robot", "content": "s"}])"), 400, "a role is one of"},
        {"POST", path, chat(R"("messages": [{"role": "user", "content": [{"type": "image_url"}]}])"), 400, "text"},
        {"POST", path, chat(messages + R"(, "n": 2)"), 400, "'n' must be 1"},
        {"POST", path, chat(messages + R"(, "tools": [{"type": "function"}])"), 400, "tools"},
        {"POST", path, chat(messages + R"(, "stream": "yes")"), 400, "'stream'"},
        {"POST", path, chat(messages + R"(, "temperature": 3)"), 400, "'temperature'"},
        {"POST", path, chat(messages + R"(, "max_tokens": 0)"), 400, "'max_tokens'"},
        {"POST", path, chat(messages + R"(, "seed": -1)"), 400, "'seed'"},
        {"POST", path, chat(messages + R"(, "stop": [1])"), 400, "'stop'"},
        {"POST", path, std::string(200, '['), 400, "JSON object"},
        {"GET", path, "", 405, "POST"},
        {"GET", "/v1/nothing", "", 404, "nothing at this path"},
        {"GET", "/v1/models/nobody", "", 404, "no workflow"},
        {"DELETE", "/v1/models/cascade", "", 405, "GET"},
        {"POST", "/v1/runs", R"({"workflow": "cascade", "inputs": {"questoin": "q"}})", 400, "question"},
        {"POST", "/v1/runs", R"({"workflow": "nobody"})", 404, "'workflow'"},
        {"POST", "/v1/runs?wait=long", R"({"workflow": "cascade", "inputs": {"question": "q"}})", 400, "duration"},
        {"GET", "/v1/runs/none", "", 404, "no such run"},
        {"DELETE", "/v1/runs/none", "", 404, "no such run"},
        {"GET", "/v1/runs?limit=0", "", 400, "'limit'"},
        {"GET", "/v1/runs?limit=", "", 400, "'limit'"},
        {"GET", "/v1/runs?status=", "", 400, "status"},
        {"GET", "/v1/runs?until=", "", 400, "'until'"},
        {"GET", "/v1/runs?before=", "", 404, "'before'"},
        {"POST", "/v1/runs?wait=", R"({"workflow": "cascade", "inputs": {"question": "q"}})", 400, "duration"},
        {"GET", "/v1/runs?status=odd", "", 400, "status"},
    };
    with_server({scripted_cascade}, [&](ServerClient* client, Server*) { return refuses(client, cases); });
}
/// Says what it was asked for.
constexpr const char* tunable = R"yaml(
version: 1
name: cascade
inputs: {question: {type: string}, messages: {type: list, default: []}}
models: {m: {provider: scripted, answers: [{text: "well", repeat: true}]}}
agents: {a: {model: m, temperature: 0.2, max_tokens: 100}}
serve: {allow: [temperature, stop]}
steps:
  - {id: one, agent: a, prompt: "{{ length(inputs.messages) }} messages; {{ inputs.question }}"}
output: "{{ steps.one.text }}"
)yaml";

Task<void> sets_what_it_may(ServerClient* client, Server*) {
    const Reply reply = co_await client->ask("POST", "/v1/chat/completions", R"({"model": "cascade", "messages": [
        {"role": "system", "content": "be brief"}, {"role": "user", "content": "first"},
        {"role": "assistant", "content": "yes"}, {"role": "user", "content": [{"type": "text", "text": "second"}]}],
        "temperature": 0.9, "max_tokens": 7, "stop": "END", "user": "u"})");
    EXPECT_EQ(reply.status, 200) << reply.body;
    EXPECT_THAT(reply.json()["enough"]["ignored"], testing::UnorderedElementsAre("max_tokens", "user"));
    const Reply events = co_await client->ask("GET", "/v1/runs/" + reply.run_id.value_or("") + "/events");
    json asked;
    for (const json& event : events_of(events.body))
        if (event["type"] == "call_requested") asked = event;
    EXPECT_EQ(asked["sampling"]["temperature"], 0.9);
    EXPECT_EQ(asked["sampling"]["max_tokens"], 100) << "not allowed: the agent's own";
    EXPECT_EQ(asked["sampling"]["stop"], json::array({"END"}));
    EXPECT_EQ(asked["messages"].back()["content"], "4 messages; second");
}

TEST(ServerChat, ARequestSetsWhatTheWorkflowAllowsAndItsWholeConversationArrives) {
    with_server({tunable}, sets_what_it_may);
}

Task<void> takes_too_long(ServerClient* client, Server*) {
    const Reply whole = co_await client->ask("POST", "/v1/chat/completions", ask_cascade);
    EXPECT_EQ(whole.status, 504);
    EXPECT_EQ(whole.json()["error"]["code"], "timeout");
    const Reply stream = co_await client->ask("POST", "/v1/chat/completions", streamed(""));
    EXPECT_EQ(stream.status, 504) << "nothing had been sent";
    const Reply runs = co_await client->ask("GET", "/v1/runs?status=cancelled");
    EXPECT_EQ(runs.json()["data"].size(), 2U);
}

TEST(ServerChat, ACompletionEndsAtItsTimeAndItsRunIsCancelled) {
    std::string slow = scripted_cascade;
    slow.replace(slow.find("text: \"a first draft\""), 0, "delay: 10s, ");
    ServeSettings settings = on_any_port();
    settings.limits.total_time = std::chrono::milliseconds(50);
    with_server({slow}, takes_too_long, settings);
}

}  // namespace
}  // namespace enough::test
