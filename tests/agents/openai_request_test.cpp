#include "providers/openai_request.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <stdexcept>

namespace enough {
namespace {

using Json = nlohmann::json;

Request full_request() {
    Request request;
    request.messages = {{Role::system, "Be brief."}, {Role::user, "2+2?"}, {Role::assistant, "4"}};
    request.sampling.temperature = 0.0;
    request.sampling.top_p = 0.9;
    request.sampling.seed = 18446744073709551615u;
    request.sampling.max_tokens = 64;
    request.sampling.stop = {"\n\n"};
    request.top_logprobs = 20;
    return request;
}

OpenAiSettings settings() {
    OpenAiSettings out;
    out.model = "m";
    return out;
}

TEST(OpenAiRequest, SaysAllThatWasAsked) {
    const auto body = Json::parse(openai_body(full_request(), settings(), {}));
    EXPECT_EQ(body, Json::parse(R"({"model":"m","messages":[{"role":"system","content":"Be brief."},
        {"role":"user","content":"2+2?"},{"role":"assistant","content":"4"}],"stream":true,
        "stream_options":{"include_usage":true},"logprobs":true,"top_logprobs":20,"temperature":0.0,"top_p":0.9,
        "seed":18446744073709551615,"max_tokens":64,"stop":["\n\n"]})"));
}

Request request_with_tools() {
    Request request;
    request.messages = {{Role::user, "Read a"},
                        {Role::assistant, "", {{"c1", "read", R"({"path":"a"})"}, {"c2", "list", "{broken"}}},
                        {Role::tool, "alpha", {}, "c1"},
                        {Role::tool, "no such folder", {}, "c2"}};
    request.tools = {{"read", "Reads a file", R"({"type":"object","properties":{"z":{},"a":{}}})"}, {"list", "", ""}};
    return request;
}

TEST(OpenAiRequest, ShowsToolsAndWhatTheyGave) {
    const auto body = Json::parse(openai_body(request_with_tools(), settings(), {}));
    EXPECT_EQ(body["messages"], Json::parse(R"([{"role":"user","content":"Read a"},
        {"role":"assistant","content":null,"tool_calls":[
            {"id":"c1","type":"function","function":{"name":"read","arguments":"{\"path\":\"a\"}"}},
            {"id":"c2","type":"function","function":{"name":"list",
                "arguments":"{\"invalid_arguments\":\"{broken\"}"}}]},
        {"role":"tool","content":"alpha","tool_call_id":"c1"},
        {"role":"tool","content":"no such folder","tool_call_id":"c2"}])"));
    EXPECT_EQ(body["tools"], Json::parse(R"([
        {"type":"function","function":{"name":"read","description":"Reads a file",
            "parameters":{"type":"object","properties":{"z":{},"a":{}}}}},
        {"type":"function","function":{"name":"list","parameters":{"type":"object","properties":{}}}}])"));
    EXPECT_FALSE(body.contains("tool_choice"));
}

TEST(OpenAiRequest, ForbidsToolsWithoutHidingThem) {
    auto request = request_with_tools();
    request.tools_forbidden = true;
    const auto body = Json::parse(openai_body(request, settings(), {}));
    EXPECT_EQ(body["tool_choice"], "none");
    EXPECT_EQ(body["tools"].size(), 2U);
    request.tools.clear();
    EXPECT_FALSE(Json::parse(openai_body(request, settings(), {})).contains("tool_choice"));
}

TEST(OpenAiRequest, KeepsTheOrderOfAToolsParameters) {
    const auto body = openai_body(request_with_tools(), settings(), {});
    EXPECT_LT(body.find("\"z\":{}"), body.find("\"a\":{}")) << "models write arguments in the order they are shown";
}

TEST(OpenAiRequest, TextBesideToolCallsIsKept) {
    auto request = request_with_tools();
    request.messages[1].content = "Let me look.";
    EXPECT_EQ(Json::parse(openai_body(request, settings(), {}))["messages"][1]["content"], "Let me look.");
}

TEST(OpenAiRequest, LeavesOutWhatWasNotAsked) {
    Request request;
    request.messages = {{Role::user, "hi"}};
    const auto body = Json::parse(openai_body(request, settings(), {}));
    EXPECT_EQ(body, Json::parse(R"({"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true,
        "stream_options":{"include_usage":true}})"));
}

TEST(OpenAiRequest, SpeaksTheLearnedDialect) {
    auto body = Json::parse(openai_body(full_request(), settings(), {"max_completion_tokens", true, 5}));
    EXPECT_EQ(body["top_logprobs"], 5);
    EXPECT_EQ(body["max_completion_tokens"], 64);
    EXPECT_FALSE(body.contains("max_tokens"));
    body = Json::parse(openai_body(full_request(), settings(), {"max_tokens", false, 0}));
    EXPECT_FALSE(body.contains("logprobs"));
    EXPECT_FALSE(body.contains("top_logprobs"));
}

TEST(OpenAiRequest, MergesExtraBodyLast) {
    auto with_extra = settings();
    with_extra.extra_body = R"({"reasoning_effort":"low","temperature":1,"stream_options":{"x":1},"seed":null})";
    const auto body = Json::parse(openai_body(full_request(), with_extra, {}));
    EXPECT_EQ(body["reasoning_effort"], "low");
    EXPECT_EQ(body["temperature"], 1);
    EXPECT_EQ(body["stream_options"], Json::parse(R"({"include_usage":true,"x":1})"));
    EXPECT_FALSE(body.contains("seed"));
}

TEST(OpenAiRequest, RefusesExtraBodyThatIsNoObject) {
    for (const char* extra : {"[1]", "{", "null", "\"x\""}) {
        auto bad = settings();
        bad.extra_body = extra;
        EXPECT_THROW(openai_body({}, bad, {}), std::invalid_argument) << extra;
    }
}

TEST(OpenAiRequest, PromptsThatAreNoUtf8DontThrow) {
    Request request;
    request.messages = {{Role::user,
                         "a\xff"
                         "b"}};
    const auto body = Json::parse(openai_body(request, settings(), {}));
    EXPECT_EQ(body["messages"][0]["content"],
              "a\xEF\xBF\xBD"
              "b");
}

TEST(OpenAiEndpoint, IsFoundUnderTheBaseUrl) {
    struct Case {
        const char* base;
        const char* url;
        const char* origin;
    };
    for (const auto& [base, url, origin] : {
             Case{"https://api.openai.com/v1", "https://api.openai.com/v1/chat/completions", "https://api.openai.com"},
             Case{"http://127.0.0.1:8080/v1/", "http://127.0.0.1:8080/v1/chat/completions", "http://127.0.0.1:8080"},
             Case{"http://[::1]:81", "http://[::1]:81/chat/completions", "http://[::1]:81"},
             Case{"https://h/v1/chat/completions", "https://h/v1/chat/completions", "https://h"},
             Case{"https://h/d/x?api-version=1", "https://h/d/x/chat/completions?api-version=1", "https://h"},
         }) {
        const auto endpoint = openai_endpoint(base);
        EXPECT_EQ(endpoint.url, url);
        EXPECT_EQ(endpoint.origin, origin);
    }
}

TEST(OpenAiEndpoint, RefusesWhatIsNoBaseUrl) {
    for (const char* base : {"", "localhost:8080/v1", "ftp://h/v1", "http://", "https://user:key@h/v1", "h"}) {
        EXPECT_THROW(openai_endpoint(base), std::invalid_argument) << base;
    }
}

}  // namespace
}  // namespace enough
