#include "providers/openai_profile.hpp"

#include "providers/openai_chat.hpp"
#include "providers/openai_request.hpp"
#include "providers/responses_protocol.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <array>

namespace enough {
namespace {

using Json = nlohmann::json;
using enum OpenAiProfile;

constexpr std::array all_profiles{generic, openai,   vllm,     sglang,     llama_cpp,
                                  ollama,  deepseek, together, openrouter, lm_studio};

OpenAiSettings with(OpenAiProfile profile) {
    OpenAiSettings settings;
    settings.model = "m";
    settings.profile = profile;
    return settings;
}

Request asking_for(int candidates) {
    Request request;
    request.messages = {{Role::user, "hi"}};
    request.top_logprobs = candidates;
    return request;
}

Json sent(OpenAiProfile profile, const Request& request) {
    const OpenAiChat chat(with(profile));
    return Json::parse(chat.request(request).body);
}

TEST(OpenAiProfile, HasAnAddressOfItsOwn) {
    const auto url = [](OpenAiProfile profile) { return OpenAiChat(with(profile)).request({}).url; };
    EXPECT_EQ(url(generic), "https://api.openai.com/v1/chat/completions");
    EXPECT_EQ(url(openai), "https://api.openai.com/v1/chat/completions");
    EXPECT_EQ(url(vllm), "http://localhost:8000/v1/chat/completions");
    EXPECT_EQ(url(sglang), "http://localhost:30000/v1/chat/completions");
    EXPECT_EQ(url(llama_cpp), "http://localhost:8080/v1/chat/completions");
    EXPECT_EQ(url(ollama), "http://localhost:11434/v1/chat/completions");
    EXPECT_EQ(url(deepseek), "https://api.deepseek.com/chat/completions");
    EXPECT_EQ(url(together), "https://api.together.xyz/v1/chat/completions");
    EXPECT_EQ(url(openrouter), "https://openrouter.ai/api/v1/chat/completions");
    EXPECT_EQ(url(lm_studio), "http://localhost:1234/v1/chat/completions");
    auto elsewhere = with(deepseek);
    elsewhere.base_url = "http://127.0.0.1:9/x";
    EXPECT_EQ(OpenAiChat(elsewhere).request({}).url, "http://127.0.0.1:9/x/chat/completions");
}

TEST(OpenAiProfile, NoKeyGoesToOpenAiForWantOfAnAddress) {
    auto settings = with(deepseek);
    settings.api = OpenAiApi::responses;
    EXPECT_EQ(make_responses_protocol(settings)->origin(), "https://api.deepseek.com");
}

TEST(OpenAiProfile, AsksForCandidatesInTheServersWay) {
    for (const auto profile : all_profiles) {
        const auto body = sent(profile, asking_for(5));
        const int number = static_cast<int>(profile);
        if (profile == together) {
            EXPECT_EQ(body["logprobs"], 5);
            EXPECT_FALSE(body.contains("top_logprobs"));
        } else if (profile == lm_studio) {
            EXPECT_FALSE(body.contains("logprobs"));
            EXPECT_FALSE(body.contains("top_logprobs"));
        } else {
            EXPECT_EQ(body["logprobs"], true) << number;
            EXPECT_EQ(body["top_logprobs"], 5) << number;
        }
        EXPECT_FALSE(sent(profile, asking_for(0)).contains("logprobs")) << number;
    }
}

TEST(OpenAiProfile, NeverAsksForMoreCandidatesThanThereAre) {
    for (const auto profile : {openai, ollama, deepseek, openrouter})
        EXPECT_EQ(sent(profile, asking_for(30))["top_logprobs"], 20) << static_cast<int>(profile);
    EXPECT_EQ(sent(together, asking_for(30))["logprobs"], 20);
    for (const auto profile : {generic, vllm, sglang, llama_cpp})
        EXPECT_EQ(sent(profile, asking_for(30))["top_logprobs"], 30) << "the server's own setting decides";
}

TEST(OpenAiProfile, KnowsWhoGivesNoLogprobs) {
    for (const auto profile : all_profiles) {
        EXPECT_EQ(gives_logprobs(ProviderSettings(with(profile))), profile != lm_studio);
        auto silent = with(profile);
        silent.logprobs = false;
        EXPECT_FALSE(gives_logprobs(ProviderSettings(silent)));
        EXPECT_EQ(OpenAiChat(with(profile)).dialect().gives_logprobs, profile != lm_studio);
    }
}

TEST(OpenAiProfile, LlamaCppsResponsesHaveEmptyLists) {
    auto settings = with(llama_cpp);
    settings.api = OpenAiApi::responses;
    EXPECT_FALSE(gives_logprobs(ProviderSettings(settings)));
    settings.profile = openai;
    EXPECT_TRUE(gives_logprobs(ProviderSettings(settings)));
}

TEST(OpenAiProfile, NamesTheBoundOnTokens) {
    auto request = asking_for(0);
    request.sampling.max_tokens = 9;
    EXPECT_EQ(sent(openai, request)["max_completion_tokens"], 9);
    EXPECT_FALSE(sent(openai, request).contains("max_tokens"));
    EXPECT_EQ(sent(vllm, request)["max_tokens"], 9);
    auto settings = with(openai);
    settings.max_tokens_field = "max_tokens";
    EXPECT_EQ(Json::parse(OpenAiChat(settings).request(request).body)["max_tokens"], 9) << "what is set wins";
}

TEST(OpenAiProfile, SaysHowHardToThink) {
    auto request = asking_for(0);
    request.sampling.reasoning_effort = "low";
    for (const auto profile : {generic, openai, vllm, sglang, ollama, deepseek, together})
        EXPECT_EQ(sent(profile, request)["reasoning_effort"], "low") << static_cast<int>(profile);
    EXPECT_EQ(sent(llama_cpp, request)["reasoning_effort"], "low");
    EXPECT_EQ(sent(llama_cpp, request)["chat_template_kwargs"], Json::parse(R"({"reasoning_effort":"low"})"));
    EXPECT_EQ(sent(openrouter, request)["reasoning"], Json::parse(R"({"effort":"low"})"));
    EXPECT_FALSE(sent(openrouter, request).contains("reasoning_effort"));
    EXPECT_FALSE(sent(openai, asking_for(0)).contains("reasoning_effort"));
}

TEST(OpenAiProfile, AsksForUsageWhereItDoesNotComeByItself) {
    for (const auto profile : all_profiles) {
        const bool asks = profile != together && profile != openrouter;
        EXPECT_EQ(sent(profile, asking_for(0)).contains("stream_options"), asks) << static_cast<int>(profile);
        auto whole = asking_for(0);
        whole.streamed = false;
        EXPECT_EQ(sent(profile, whole)["stream"], false);
        EXPECT_FALSE(sent(profile, whole).contains("stream_options")) << "only a stream may have them";
    }
}

TEST(OpenAiProfile, RoutesToHostsThatGiveLogprobs) {
    EXPECT_EQ(sent(openrouter, asking_for(5))["provider"], Json::parse(R"({"require_parameters":true})"));
    EXPECT_FALSE(sent(openrouter, asking_for(0)).contains("provider"));
    auto settings = with(openrouter);
    settings.extra_body = R"({"provider":{"order":["x"]}})";
    EXPECT_EQ(Json::parse(OpenAiChat(settings).request(asking_for(5)).body)["provider"],
              Json::parse(R"({"require_parameters":true,"order":["x"]})"));
}

TEST(OpenAiProfile, NoHostForTheParametersMeansNoLogprobs) {
    const HttpRefusal refusal{
        404, "application/json",
        R"({"error":{"message":"No endpoints found that can handle the requested parameters.","code":404}})", ""};
    const OpenAiChat router(with(openrouter));
    const auto learned = router.learn(refusal, asking_for(5), router.dialect());
    ASSERT_TRUE(learned);
    EXPECT_FALSE(learned->gives_logprobs);
    EXPECT_FALSE(router.learn(refusal, asking_for(5), *learned)) << "without them it is a failure like any other";
    EXPECT_FALSE(
        router.learn({404, "", R"({"error":{"message":"no such model"}})", ""}, asking_for(5), router.dialect()));
    const OpenAiChat other(with(vllm));
    EXPECT_FALSE(other.learn(refusal, asking_for(5), other.dialect()));
}

}  // namespace
}  // namespace enough
