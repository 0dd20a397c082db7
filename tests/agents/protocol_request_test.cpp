// What is sent in each protocol, after its documentation.
#include "providers/anthropic_protocol.hpp"
#include "providers/gemini_protocol.hpp"
#include "providers/llama_cpp_protocol.hpp"
#include "providers/ollama_protocol.hpp"
#include "providers/responses_protocol.hpp"
#include "providers/tool_json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <functional>
#include <stdexcept>
#include <string>

namespace enough {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;

Request conversation() {
    Request request;
    request.messages = {
        {Role::system, "Be short."},
        {Role::user, "Weather and time in Paris?"},
        {Role::assistant, "Let me look.", {{"c1", "weather", R"({"in":"Paris"})"}, {"c2", "time", "oops"}}},
        {Role::tool, "sunny", {}, "c1"},
        {Role::tool, "noon", {}, "c2"},
        {Role::user, "Thanks."}};
    request.tools = {{"weather", "Tells it.", R"({"type":"object","properties":{"in":{"type":"string"}}})"},
                     {"time", "", ""}};
    request.sampling.temperature = 0.5;
    request.sampling.top_p = 0.25;
    request.sampling.seed = 7;
    request.sampling.max_tokens = 64;
    request.sampling.stop = {"END"};
    request.top_logprobs = 5;
    return request;
}

template <class Settings>
Settings with_key() {
    Settings settings;
    settings.model = "m-1";
    settings.api_key = Secret("sk-1");
    settings.headers = {{"X-Tenant", "blue"}};
    return settings;
}

std::string header(const HttpRequest& request, const std::string& name) {
    for (const auto& [key, value] : request.headers) {
        if (key == name) return value;
    }
    return {};
}

Json body(const HttpRequest& request) {
    return Json::parse(request.body);
}

TEST(ProtocolRequest, Anthropic) {
    const auto protocol = make_anthropic_protocol(with_key<AnthropicSettings>());
    const auto sent = protocol->request(conversation());
    EXPECT_EQ(sent.url, "https://api.anthropic.com/v1/messages");
    EXPECT_EQ(protocol->origin(), "https://api.anthropic.com");
    EXPECT_EQ(header(sent, "x-api-key"), "sk-1");
    EXPECT_EQ(header(sent, "anthropic-version"), "2023-06-01");
    EXPECT_EQ(header(sent, "Authorization"), "");
    EXPECT_EQ(header(sent, "X-Tenant"), "blue");
    EXPECT_EQ(body(sent), Json::parse(R"({"model":"m-1","system":"Be short.","stream":true,"max_tokens":64,
        "temperature":0.5,"top_p":0.25,"stop_sequences":["END"],
        "messages":[{"role":"user","content":[{"type":"text","text":"Weather and time in Paris?"}]},
          {"role":"assistant","content":[{"type":"text","text":"Let me look."},
            {"type":"tool_use","id":"c1","name":"weather","input":{"in":"Paris"}},
            {"type":"tool_use","id":"c2","name":"time","input":{"invalid_arguments":"oops"}}]},
          {"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"sunny"},
            {"type":"tool_result","tool_use_id":"c2","content":"noon"},{"type":"text","text":"Thanks."}]}],
        "tools":[{"name":"weather","description":"Tells it.","input_schema":{"type":"object","properties":{"in":{"type":"string"}}}},
          {"name":"time","input_schema":{"type":"object","properties":{}}}]})"));
    EXPECT_FALSE(protocol->dialect().gives_logprobs);
}

TEST(ProtocolRequest, AnthropicThinkingAndBounds) {
    const auto protocol = make_anthropic_protocol(with_key<AnthropicSettings>());
    Request request;
    request.messages = {{Role::user, "Hi"}, {Role::assistant, ""}, {Role::user, "Well?"}};
    request.streamed = false;
    request.sampling.reasoning_effort = "high";
    auto sent = body(protocol->request(request));
    EXPECT_EQ(sent["max_tokens"], 8192) << "the API requires one";
    EXPECT_EQ(sent["stream"], false);
    EXPECT_EQ(sent["thinking"], Json::parse(R"({"type":"adaptive"})"));
    EXPECT_EQ(sent["output_config"], Json::parse(R"({"effort":"high"})"));
    EXPECT_EQ(sent["messages"].size(), 1u) << "a turn that says nothing is refused";
    EXPECT_FALSE(sent.contains("system"));
    request.sampling.reasoning_effort = "none";
    request.tools = conversation().tools;
    request.tools_forbidden = true;
    sent = body(protocol->request(request));
    EXPECT_EQ(sent["thinking"], Json::parse(R"({"type":"disabled"})"));
    EXPECT_FALSE(sent.contains("output_config"));
    EXPECT_EQ(sent["tool_choice"], Json::parse(R"({"type":"none"})"));
}

TEST(ProtocolRequest, Gemini) {
    auto settings = with_key<GeminiSettings>();
    settings.model = "gemini-3-x";
    const auto protocol = make_gemini_protocol(settings);
    auto request = conversation();
    const auto sent = protocol->request(request);
    EXPECT_EQ(sent.url,
              "https://generativelanguage.googleapis.com/v1beta/models/gemini-3-x:streamGenerateContent?alt=sse");
    EXPECT_EQ(header(sent, "x-goog-api-key"), "sk-1");
    EXPECT_EQ(body(sent), Json::parse(R"({"systemInstruction":{"parts":[{"text":"Be short."}]},
        "contents":[{"role":"user","parts":[{"text":"Weather and time in Paris?"}]},
          {"role":"model","parts":[{"text":"Let me look."},
            {"functionCall":{"id":"c1","name":"weather","args":{"in":"Paris"}},"thoughtSignature":"skip_thought_signature_validator"},
            {"functionCall":{"id":"c2","name":"time","args":{"invalid_arguments":"oops"}}}]},
          {"role":"user","parts":[{"functionResponse":{"id":"c1","name":"weather","response":{"output":"sunny"}}},
            {"functionResponse":{"id":"c2","name":"time","response":{"output":"noon"}}},{"text":"Thanks."}]}],
        "tools":[{"functionDeclarations":[
          {"name":"weather","description":"Tells it.","parametersJsonSchema":{"type":"object","properties":{"in":{"type":"string"}}}},
          {"name":"time","description":"","parametersJsonSchema":{"type":"object","properties":{}}}]}],
        "generationConfig":{"temperature":0.5,"topP":0.25,"seed":7,"maxOutputTokens":64,"stopSequences":["END"]}})"))
        << "logprobs are not asked for";
    EXPECT_FALSE(protocol->dialect().gives_logprobs);

    request.streamed = false;
    request.tools_forbidden = true;
    request.sampling.reasoning_effort = "low";
    request.sampling.seed = 0x1'8000'0001;
    const auto whole = protocol->request(request);
    EXPECT_EQ(whole.url, "https://generativelanguage.googleapis.com/v1beta/models/gemini-3-x:generateContent");
    EXPECT_EQ(body(whole)["toolConfig"], Json::parse(R"({"functionCallingConfig":{"mode":"NONE"}})"));
    EXPECT_EQ(body(whole)["generationConfig"]["thinkingConfig"], Json::parse(R"({"thinkingLevel":"low"})"));
    EXPECT_EQ(body(whole)["generationConfig"]["seed"], 1) << "an int32";
    request.sampling.reasoning_effort = "none";
    EXPECT_EQ(body(protocol->request(request))["generationConfig"]["thinkingConfig"],
              Json::parse(R"({"thinkingBudget":0})"));
}

TEST(ProtocolRequest, GeminiNamesAndOlderModels) {
    auto settings = with_key<GeminiSettings>();
    settings.base_url = "https://proxy.example/gemini/v1beta/?tier=1";
    settings.model = "tunedModels/mine";
    const auto tuned = make_gemini_protocol(settings)->request(conversation());
    EXPECT_EQ(tuned.url, "https://proxy.example/gemini/v1beta/tunedModels/mine:streamGenerateContent?tier=1&alt=sse");
    settings.model = "gemini-2.5-flash";
    const auto older = body(make_gemini_protocol(settings)->request(conversation()));
    EXPECT_FALSE(older["contents"][1]["parts"][1].contains("thoughtSignature")) << "it has none";
    for (const auto* model : {"", "a b", "x?key=1", "m:generateContent#"}) {
        settings.model = model;
        EXPECT_THROW(make_gemini_protocol(settings), std::invalid_argument) << model;
    }
}

TEST(ProtocolRequest, Responses) {
    const auto protocol = make_responses_protocol(with_key<OpenAiSettings>());
    auto request = conversation();
    const auto sent = protocol->request(request);
    EXPECT_EQ(sent.url, "https://api.openai.com/v1/responses");
    EXPECT_EQ(header(sent, "Authorization"), "Bearer sk-1");
    EXPECT_EQ(body(sent), Json::parse(R"({"model":"m-1","stream":true,"store":false,
        "input":[{"role":"system","content":"Be short."},{"role":"user","content":"Weather and time in Paris?"},
          {"role":"assistant","content":"Let me look."},
          {"type":"function_call","call_id":"c1","name":"weather","arguments":"{\"in\":\"Paris\"}"},
          {"type":"function_call","call_id":"c2","name":"time","arguments":"{\"invalid_arguments\":\"oops\"}"},
          {"type":"function_call_output","call_id":"c1","output":"sunny"},
          {"type":"function_call_output","call_id":"c2","output":"noon"},
          {"role":"user","content":"Thanks."}],
        "include":["message.output_text.logprobs"],"top_logprobs":5,
        "temperature":0.5,"top_p":0.25,"max_output_tokens":64,
        "tools":[{"type":"function","name":"weather","description":"Tells it.","strict":false,
            "parameters":{"type":"object","properties":{"in":{"type":"string"}}}},
          {"type":"function","name":"time","description":"","strict":false,"parameters":{"type":"object","properties":{}}}]})"));
    EXPECT_EQ(protocol->dialect().top_logprobs(50), 20);
    request.top_logprobs = 0;
    request.tools_forbidden = true;
    request.sampling.reasoning_effort = "minimal";
    const auto plain = body(protocol->request(request));
    EXPECT_FALSE(plain.contains("include"));
    EXPECT_EQ(plain["tool_choice"], "none");
    EXPECT_EQ(plain["reasoning"], Json::parse(R"({"effort":"minimal"})"));
}

TEST(ProtocolRequest, Ollama) {
    auto settings = with_key<OpenAiSettings>();
    auto request = conversation();
    request.sampling.reasoning_effort = "low";
    const auto protocol = make_ollama_protocol(settings);
    const auto sent = protocol->request(request);
    EXPECT_EQ(sent.url, "http://localhost:11434/api/chat");
    EXPECT_EQ(header(sent, "Authorization"), "Bearer sk-1");
    EXPECT_EQ(protocol->framing(), Framing::lines);
    EXPECT_EQ(body(sent), Json::parse(R"({"model":"m-1","stream":true,"logprobs":true,"top_logprobs":5,"think":"low",
        "messages":[{"role":"system","content":"Be short."},{"role":"user","content":"Weather and time in Paris?"},
          {"role":"assistant","content":"Let me look.","tool_calls":[
            {"id":"c1","function":{"name":"weather","arguments":{"in":"Paris"}}},
            {"id":"c2","function":{"name":"time","arguments":{"invalid_arguments":"oops"}}}]},
          {"role":"tool","content":"sunny","tool_name":"weather","tool_call_id":"c1"},
          {"role":"tool","content":"noon","tool_name":"time","tool_call_id":"c2"},
          {"role":"user","content":"Thanks."}],
        "options":{"temperature":0.5,"top_p":0.25,"seed":7,"num_predict":64,"stop":["END"]},
        "tools":[{"type":"function","function":{"name":"weather","description":"Tells it.",
            "parameters":{"type":"object","properties":{"in":{"type":"string"}}}}},
          {"type":"function","function":{"name":"time","description":"","parameters":{"type":"object","properties":{}}}}]})"));
    request.sampling.reasoning_effort = "none";
    request.tools_forbidden = true;
    const auto plain = body(protocol->request(request));
    EXPECT_EQ(plain["think"], false);
    EXPECT_FALSE(plain.contains("tools"));
    for (const auto* url :
         {"http://h:1", "http://h:1/", "http://h:1/v1", "http://h:1/v1/", "http://h:1/api", "http://h:1/api/chat"}) {
        settings.base_url = url;
        EXPECT_EQ(make_ollama_protocol(settings)->request(request).url, "http://h:1/api/chat") << url;
    }
}

TEST(ProtocolRequest, LlamaCpp) {
    auto settings = with_key<OpenAiSettings>();
    settings.base_url = "http://h:1/v1";
    settings.extra_body = R"({"min_p":0.1,"cache_prompt":null})";
    const auto protocol = make_llama_cpp_protocol(settings);
    auto request = conversation();
    request.messages.resize(2);
    request.tools.clear();
    request.sampling.reasoning_effort = "none";
    const auto first = protocol->preparation(request);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->url, "http://h:1/apply-template");
    EXPECT_EQ(header(*first, "Authorization"), "Bearer sk-1");
    EXPECT_EQ(body(*first), Json::parse(R"({"messages":[{"role":"system","content":"Be short."},
        {"role":"user","content":"Weather and time in Paris?"}],"chat_template_kwargs":{"enable_thinking":false}})"));
    const auto second = protocol->request_after(R"({"prompt":"<|im_start|>"})", request);
    ASSERT_TRUE(second);
    EXPECT_EQ(second->url, "http://h:1/completion");
    EXPECT_EQ(body(*second), Json::parse(R"({"model":"m-1","prompt":"<|im_start|>","stream":true,"n_probs":5,
        "temperature":0.5,"top_p":0.25,"seed":7,"n_predict":64,"stop":["END"],"min_p":0.1})"));
    for (const auto* answer : {"", "{}", R"({"prompt":7})", "[]"}) {
        const auto failed = protocol->request_after(answer, request);
        ASSERT_FALSE(failed);
        EXPECT_EQ(failed.error().kind, FailureKind::bad_response);
    }
    request.tools = conversation().tools;
    const auto refused = protocol->request_after(R"({"prompt":"p"})", request);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, FailureKind::bad_request);
    EXPECT_THAT(refused.error().message, HasSubstr("api: chat"));
}

TEST(ProtocolRequest, ExtraBodyIsMergedLast) {
    auto settings = with_key<AnthropicSettings>();
    settings.extra_body =
        R"({"thinking":{"type":"enabled","budget_tokens":2048},"temperature":null,"max_tokens":4096})";
    const auto sent = body(make_anthropic_protocol(settings)->request(conversation()));
    EXPECT_EQ(sent["thinking"]["budget_tokens"], 2048);
    EXPECT_FALSE(sent.contains("temperature"));
    EXPECT_EQ(sent["max_tokens"], 4096);
}

TEST(ProtocolRequest, BytesThatAreNoTextAreReplaced) {
    Request request;
    request.messages = {{Role::user, "\xFF"}, {Role::assistant, "\xC3", {{"\xFF", "\xFF", "\xFF"}}}};
    auto gemini = with_key<GeminiSettings>();
    for (const auto& sent : {make_anthropic_protocol(with_key<AnthropicSettings>())->request(request),
                             make_gemini_protocol(gemini)->request(request),
                             make_responses_protocol(with_key<OpenAiSettings>())->request(request),
                             make_ollama_protocol(with_key<OpenAiSettings>())->request(request),
                             *make_llama_cpp_protocol(with_key<OpenAiSettings>())->preparation(request)})
        EXPECT_TRUE(Json::parse(sent.body).is_object()) << sent.url;
}

TEST(ProtocolRequest, RefusesSettingsThatCanNeverWork) {
    const auto refuses = [](auto settings, const auto& make) {
        settings.model = "m";
        auto spoilt = settings;
        spoilt.base_url = "nowhere";
        EXPECT_THROW(make(spoilt), std::invalid_argument);
        spoilt = settings;
        spoilt.extra_body = "[]";
        EXPECT_THROW(make(spoilt), std::invalid_argument);
        spoilt = settings;
        spoilt.api_key = Secret("sk\n");
        EXPECT_THROW(make(spoilt), std::invalid_argument);
    };
    refuses(AnthropicSettings(), make_anthropic_protocol);
    refuses(GeminiSettings(), make_gemini_protocol);
    refuses(OpenAiSettings(), make_responses_protocol);
    refuses(OpenAiSettings(), make_ollama_protocol);
    refuses(OpenAiSettings(), make_llama_cpp_protocol);
}

TEST(ToolJson, WrapsArgumentsNestedDeeperThanTheStackAllows) {
    const std::size_t levels = 200'000;
    const ToolCall call{"c1", "weather", R"({"in":)" + std::string(levels, '[') + std::string(levels, ']') + "}"};
    EXPECT_EQ(arguments_object(call)["invalid_arguments"], call.arguments);
    EXPECT_EQ(arguments_object({"c1", "weather", R"({"in":[["Paris"]]})"}).dump(), R"({"in":[["Paris"]]})");
}

}  // namespace
}  // namespace enough
