// Secrets are planted in every place that may hold one, and a server and a tool repeat them wherever they can. None may
// turn up in anything that the program prints or writes.

#include "verb_fixture.hpp"

#include "support/fake_openai.hpp"
#include "support/fake_server.hpp"

#include <gmock/gmock.h>

#include <fstream>

namespace enough::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

constexpr const char* from_environment = "marker-environment-1f9c";
constexpr const char* from_file = "marker-file-77ab";
constexpr const char* literal_key = "sk-marker-literal-0c3d";
constexpr const char* literal_header = "marker-header-55ee";
constexpr const char* variable_key = "marker-variable-9d21";
constexpr const char* password = "marker-password-e8f0";
constexpr const char* tool_token = "marker-tool-b442";
constexpr const char* basic = "amFuZTptYXJrZXItcGFzc3dvcmQtZThmMA==";  // base64 of jane:marker-password-e8f0

const std::vector<std::string>& markers() {
    static const std::vector<std::string> all{from_environment, from_file, literal_key, literal_header,
                                              variable_key,     password,  tool_token,  basic};
    return all;
}

constexpr const char* models = R"yaml(version: 1
inputs: {question: {type: string}}
secrets:
  KEY: {env: SECRET_KEY}
  TOKEN: {file: token.txt}
  PASSWORD: {env: SECRET_PASSWORD}
  TOOL: {env: SECRET_TOOL}
models:
  body:
    provider: openai
    base_url: "${URL}/body"
    model: m
    api_key: "{{ secrets.KEY }}"
    extra_headers: {X-Token: "token {{ secrets.TOKEN }}", X-Literal: marker-header-55ee}
    retry: {attempts: 2, delay: 1ms, max_delay: 1ms}
  stream: {extends: body, base_url: "${URL}/stream", api_key: sk-marker-literal-0c3d}
  redirect: {extends: body, base_url: "${URL}/redirect", api_key: "${VARIABLE_KEY}"}
  proxied: {extends: body, base_url: "${URL}/body", proxy: "http://jane:{{ secrets.PASSWORD }}@${HOST}"}
  names: {extends: body, base_url: "${URL}/names"}
  tools: {extends: body, base_url: "${URL}/tools"}
tools:
  leaky: {command: [python3, "${SCRIPT}"], environment: {TOOL_TOKEN: "{{ secrets.TOOL }}"}}
agents:
  body: {model: body}
  stream: {model: stream}
  redirect: {model: redirect}
  proxied: {model: proxied}
  names: {model: names}
  tools: {model: tools, tools: [leaky]}
)yaml";

std::string workflow(const std::string& last) {
    std::string text = std::string(models) + "steps:\n";
    for (const char* agent : {"body", "stream", "redirect", "proxied", "names", "tools"})
        text += std::string("  - {id: ") + agent + ", agent: " + agent + ", prompt: \"{{ inputs.question }}\", " +
                (agent == last ? "on_error: fail" : "on_error: continue") +
                ", gate: {signal: entropy.mean, accept: 5}}\n";
    return text + "output: \"{{ steps.names.text }}\"\neval: {grader: exact}\n";
}

/// All that this request told the server, said again.
std::string echo(const FakeExchange& exchange) {
    std::string told;
    for (const auto& [name, value] : exchange.request().headers)
        told += value + ' ';
    std::string text = "you sent";
    for (const std::string& marker : markers())
        if (told.find(marker) != std::string::npos) text += " " + marker;
    if (told.find(basic) != std::string::npos) text += std::string(" ") + password;
    return text;
}

void call_tool(FakeExchange& exchange, const json& messages) {
    const std::size_t rounds = messages.size() / 2;
    if (rounds >= 3 || messages.size() > 6) return stream(exchange, {"done", 2});
    const char* const wishes[] = {"say", "fail", "die"};
    const json call{{"index", 0},
                    {"id", "c" + std::to_string(rounds)},
                    {"function", {{"name", "tell"}, {"arguments", json{{"a", wishes[rounds]}}.dump()}}}};
    exchange.start_stream();
    exchange.event(json{{"choices", {{{"index", 0}, {"delta", {{"tool_calls", {call}}}}}}}}.dump());
    exchange.event(
        json{{"choices", {{{"index", 0}, {"delta", json::object()}, {"finish_reason", "tool_calls"}}}}}.dump());
    exchange.event("[DONE]");
    exchange.end_stream();
}

void repeat_everything(FakeExchange& exchange) {
    const std::string& target = exchange.request().target;
    const auto at = [&](const char* path) { return target.find(path) != std::string::npos; };
    if (at("/body"))
        return exchange.answer(
            500, json{{"error", {{"message", echo(exchange)}}}}.dump(),
            {{"Content-Type", "application/json"}, {"Retry-After", "0"}, {"X-Echo", echo(exchange)}});
    if (at("/redirect"))
        return exchange.answer(302, "", {{"Location", "http://127.0.0.1/" + std::string(variable_key)}});
    if (at("/stream")) {
        exchange.start_stream();
        exchange.event(word_chunk("half", 2));
        exchange.event(json{{"error", {{"message", echo(exchange)}, {"code", 500}}}}.dump());
        return exchange.end_stream();
    }
    const json body = json::parse(exchange.request().body);
    if (at("/tools")) return call_tool(exchange, body["messages"]);
    exchange.start_stream();
    json chunk = json::parse(word_chunk("fine", 2));
    chunk["model"] = echo(exchange);
    chunk["system_fingerprint"] = echo(exchange);
    exchange.event(chunk.dump());
    chunk["choices"][0] = {{"index", 0}, {"delta", json::object()}, {"finish_reason", "stop"}};
    exchange.event(chunk.dump());
    exchange.event("[DONE]");
    exchange.end_stream();
}

class CliSecrets : public VerbTest {
protected:
    void SetUp() override {
        write("w.yaml", workflow(""));
        write("failing.yaml", workflow("redirect"));
        write("token.txt", std::string(from_file) + "\n");
        write("data.jsonl", R"({"id":1,"inputs":{"question":"a?"},"expected":"fine"})"
                            "\n"
                            R"({"id":2,"inputs":{"question":"b?"},"expected":"no"})"
                            "\n");
    }

    std::map<std::string, std::string> environment() const {
        const std::string url = server_.url("");
        return {{"URL", url.substr(0, url.find_last_not_of('/') + 1)},
                {"HOST", "127.0.0.1:" + std::to_string(server_.port())},
                {"SECRET_KEY", from_environment},
                {"SECRET_PASSWORD", password},
                {"SECRET_TOOL", tool_token},
                {"VARIABLE_KEY", variable_key},
                {"SCRIPT", std::string(ENOUGH_TESTS_DIR) + "/e2e/leaky_mcp.py"}};
    }

    /// Runs the program, and looks through all that it printed.
    Program::Ended quietly(const std::vector<std::string>& arguments) const {
        auto ended = enough(arguments, environment());
        for (const std::string& marker : markers()) {
            EXPECT_THAT(ended.out, Not(HasSubstr(marker))) << arguments.front();
            EXPECT_THAT(ended.err, Not(HasSubstr(marker))) << arguments.front();
        }
        return ended;
    }

    /// Looks through every file that the program wrote.
    void expect_no_marker_in_files() const {
        std::size_t files = 0;
        for (const auto& file : std::filesystem::recursive_directory_iterator(folder_.path())) {
            const std::string name = std::filesystem::relative(file.path(), folder_.path()).string();
            if (!file.is_regular_file() || name == "token.txt" || name == "w.yaml" || name == "failing.yaml") continue;
            ++files;
            const std::string text = text_of(name);
            for (const std::string& marker : markers())
                EXPECT_THAT(text, Not(HasSubstr(marker))) << name;
        }
        EXPECT_GT(files, 1U);
    }

    mutable FakeServer server_{repeat_everything};
};

TEST_F(CliSecrets, AreSentWhereTheyBelong) {
    quietly({"run", "w.yaml", "-i", "question=x", "-q"});
    bool seen = false;
    for (const FakeRequest& request : server_.requests()) {
        seen = seen || request.header("Authorization") == std::string("Bearer ") + from_environment;
        EXPECT_EQ(request.header("X-Token"), std::string("token ") + from_file);
        EXPECT_THAT(request.body, Not(HasSubstr(tool_token))) << "what a tool says goes on to the model without it";
    }
    EXPECT_TRUE(seen);
}

TEST_F(CliSecrets, StandInNoOutputLogCassetteOrErrorOfARun) {
    const auto ended =
        quietly({"run", "w.yaml", "-i", "question=x", "--json", "--events", "e.jsonl", "--record", "c.jsonl"});
    EXPECT_EQ(ended.code, 0) << ended.err;
    const json report = json::parse(ended.out);
    EXPECT_EQ(report["output"], "fine");
    EXPECT_THAT(ended.out, HasSubstr("***")) << "the server did repeat them";
    EXPECT_THAT(text_of("e.jsonl"), HasSubstr("the token is ***"));
    EXPECT_THAT(text_of("c.jsonl"), HasSubstr("***"));
    quietly({"run", "w.yaml", "-i", "question=x", "--json", "--replay", "c.jsonl"});
    quietly({"run", "w.yaml", "-i", "question=y", "--json", "--replay", "c.jsonl"});
    EXPECT_EQ(quietly({"run", "failing.yaml", "-i", "question=x"}).code, 1);
    EXPECT_EQ(quietly({"run", "failing.yaml", "-i", "question=x", "--json", "--events", "f.jsonl"}).code, 1);
    expect_no_marker_in_files();
}

TEST_F(CliSecrets, StandInNothingThatOtherVerbsSay) {
    EXPECT_EQ(quietly({"check", "w.yaml"}).code, 0);
    EXPECT_EQ(quietly({"check", "w.yaml", "--json"}).code, 0);
    EXPECT_EQ(quietly({"graph", "w.yaml"}).code, 0);
    EXPECT_EQ(quietly({"doctor", "w.yaml", "--record", "d.jsonl"}).code, 1);
    EXPECT_THAT(quietly({"doctor", "w.yaml", "--json"}).out, HasSubstr("***"));
    quietly(
        {"calibrate", "w.yaml", "data.jsonl", "-a", "names", "-o", "cal.json", "--allow-weak", "--record", "k.jsonl"});
    quietly({"calibrate", "w.yaml", "data.jsonl", "-a", "body", "-o", "none.json", "--json"});
    quietly({"eval", "w.yaml", "data.jsonl", "--report", "report", "--record", "v.jsonl"});
    quietly({"eval", "w.yaml", "data.jsonl", "--json"});
    quietly({"doctor", "w.yaml", "--write"});
    expect_no_marker_in_files();
}

TEST_F(CliSecrets, StandInNoErrorOfTheFile) {
    const std::string bad = std::string(models) + "steps:\n  - {id: s, agent: bod, prompt: x}\n";
    write("w.yaml", bad);
    EXPECT_EQ(quietly({"check", "w.yaml"}).code, 2);
    EXPECT_EQ(quietly({"run", "w.yaml", "--json"}).code, 2);
    std::string wrong = workflow("");
    wrong.replace(wrong.find("http://jane"), 7, "https:/");
    write("w.yaml", wrong);
    EXPECT_EQ(quietly({"check", "w.yaml"}).code, 2);
    EXPECT_THAT(quietly({"run", "w.yaml", "-i", "question=x"}).err, HasSubstr("expected none, or a proxy"));
}

}  // namespace
}  // namespace enough::test
