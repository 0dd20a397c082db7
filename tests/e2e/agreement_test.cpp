// The same model by two ways, in this process and behind llama.cpp's own server, must give the same evidence: what the
// gate decides may not depend on how a model is reached.
#include "agents/recording_sink.hpp"
#include "support/model.hpp"
#include "support/program.hpp"
#include "support/run.hpp"

#include <enough/agents/registry.hpp>
#include <enough/policies/evidence.hpp>

#include <gtest/gtest.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

namespace enough::test {
namespace {

std::string free_port() {
    asio::io_context context;
    const asio::ip::tcp::acceptor acceptor(context, asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    return std::to_string(acceptor.local_endpoint().port());
}

/// llama.cpp's server: one that runs at ENOUGH_TEST_URL, else a child made from the program ENOUGH_LLAMA_SERVER.
class LlamaServer {
public:
    LlamaServer() {
        if (const char* url = std::getenv("ENOUGH_TEST_URL"); url != nullptr) {
            url_ = url;
            return;
        }
        const char* chosen = std::getenv("ENOUGH_LLAMA_SERVER");
        const std::string program = chosen != nullptr ? chosen : ENOUGH_LLAMA_SERVER;
        const auto port = free_port();
        const std::vector<std::string> arguments{"--model",   model_path(), "--host",    "127.0.0.1",    "--port",
                                                 port,        "--ctx-size", "1024",      "--parallel",   "1",
                                                 "--threads", "1",          "--offline", "--log-disable"};
        program_.emplace(program, arguments);
        url_ = "http://127.0.0.1:" + port + "/v1";
    }
    const std::string& url() const { return url_; }

private:
    std::optional<Program> program_;
    std::string url_;
};

ProviderSettings in_this_process() {
    LlamaSettings settings;
    settings.path = model_path();
    settings.context = 1024;
    settings.threads = 1;
    return settings;
}

template <class Settings>
Settings behind(const LlamaServer& server) {
    Settings settings;
    settings.base_url = server.url();
    settings.model = "any";
    // It refuses connections until it listens, and answers 503 while it loads.
    settings.retry.attempts = 100;
    settings.retry.budget = 100;
    settings.retry.delay = std::chrono::milliseconds(100);
    settings.retry.max_delay = std::chrono::milliseconds(200);
    settings.circuit.reset();
    return settings;
}

ProviderSettings behind(const LlamaServer& server, OpenAiApi api) {
    auto settings = behind<OpenAiSettings>(server);
    settings.profile = OpenAiProfile::llama_cpp;
    settings.api = api;
    return settings;
}

struct Seen {
    Answer answer;
    std::vector<Token> tokens;
    EvidenceSummary evidence;
};

Task<void> ask(asio::any_io_executor executor, ProviderSettings settings, Request request, std::optional<Seen>& seen) {
    const auto agent = make_agent(settings, executor);
    RecordingSink sink;
    request.sink = &sink;
    auto answer = co_await agent->ask(std::move(request));
    EvidenceAccumulator evidence{SignalSettings()};
    for (const auto& token : sink.tokens)
        evidence.add(token);
    seen.emplace(Seen{std::move(answer.value()), std::move(sink.tokens), evidence.summary()});
}

Seen asked(const ProviderSettings& settings, const std::string& question) {
    Request request;
    request.messages = {Message{Role::system, "You are a helpful assistant."}, Message{Role::user, question}};
    request.sampling.temperature = 0;
    request.sampling.max_tokens = 24;
    request.top_logprobs = 20;
    std::optional<Seen> seen;
    run_with([&](asio::any_io_executor executor) { return ask(executor, settings, request, seen); });
    return std::move(*seen);
}

TEST(Agreement, OfTheProcessAndTheServerOnTheSameModel) {
    const LlamaServer server;
    const std::vector<std::string> questions{
        "What is the capital of France? Answer in English with one sentence.",
        "Tell me a story about a fox.",
        "Name three colours.",
        "Why is the sky blue?",
    };
    for (const auto& question : questions) {
        const auto here = asked(in_this_process(), question);
        const auto there = asked(behind(server, OpenAiApi::chat), question);
        EXPECT_EQ(here.answer.text, there.answer.text) << question;
        EXPECT_EQ(here.answer.usage.input_tokens, there.answer.usage.input_tokens) << question;
        ASSERT_EQ(here.tokens.size(), there.tokens.size()) << question;
        for (std::size_t i = 0; i < here.tokens.size(); ++i) {
            EXPECT_EQ(here.tokens[i].bytes, there.tokens[i].bytes) << question << " token " << i;
            EXPECT_NEAR(here.tokens[i].logprob, there.tokens[i].logprob, 0.05) << question << " token " << i;
        }
        EXPECT_NEAR(here.evidence.entropy_mean.value(), there.evidence.entropy_mean.value(), 0.02) << question;
        EXPECT_NEAR(here.evidence.confidence_mean.value(), there.evidence.confidence_mean.value(), 0.02) << question;
    }
}

// The interfaces of one server: whichever is used, the answer and what the gate sees of it are the same.
TEST(Agreement, OfTheInterfacesOfOneServer) {
    const LlamaServer server;
    for (const std::string question :
         {"What is the capital of France?", "Write a haiku about tea.", "Name three fish."}) {
        const auto chat = asked(behind(server, OpenAiApi::chat), question);
        const auto native = asked(behind(server, OpenAiApi::native), question);
        EXPECT_EQ(chat.answer.text, native.answer.text) << question;
        EXPECT_EQ(chat.answer.finish_reason, native.answer.finish_reason) << question;
        EXPECT_EQ(chat.answer.usage.input_tokens, native.answer.usage.input_tokens) << question;
        EXPECT_EQ(chat.answer.usage.output_tokens, native.answer.usage.output_tokens) << question;
        ASSERT_EQ(chat.tokens.size(), native.tokens.size()) << question;
        for (std::size_t i = 0; i < chat.tokens.size(); ++i) {
            EXPECT_EQ(chat.tokens[i].bytes, native.tokens[i].bytes) << question << " token " << i;
            EXPECT_EQ(chat.tokens[i].candidates.size(), native.tokens[i].candidates.size())
                << question << " token " << i;
        }
        EXPECT_NEAR(chat.evidence.entropy_mean.value(), native.evidence.entropy_mean.value(), 0.02) << question;
        // These give no logprobs there.
        const auto responses = asked(behind(server, OpenAiApi::responses), question);
        EXPECT_EQ(responses.answer.text, chat.answer.text) << question;
        EXPECT_EQ(responses.answer.usage.output_tokens, chat.answer.usage.output_tokens) << question;
        const auto messages = asked(behind<AnthropicSettings>(server), question);
        EXPECT_EQ(messages.answer.text, chat.answer.text) << question;
        EXPECT_EQ(messages.answer.finish_reason, chat.answer.finish_reason) << question;
        EXPECT_EQ(messages.answer.usage.input_tokens, chat.answer.usage.input_tokens) << question;
        EXPECT_TRUE(messages.tokens.empty());
    }
}

}  // namespace
}  // namespace enough::test
