#pragma once

#include "agents/recording_sink.hpp"
#include "providers/llama_agent.hpp"
#include "support/model.hpp"
#include "support/run.hpp"

#include <gtest/gtest.h>
#include <boost/asio/system_executor.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace enough::test {

/// A real model, small and on one thread, so that a busy machine does not hold it up.
class LlamaTest : public testing::Test {
protected:
    static LlamaSettings settings() {
        LlamaSettings settings;
        settings.path = model_path();
        settings.context = 1024;
        settings.threads = 1;
        return settings;
    }

    static std::unique_ptr<Agent> make(const LlamaSettings& settings) {
        return make_llama_agent(settings, asio::system_executor());
    }

    static Request request(std::string question, std::int64_t max_tokens, AnswerSink* sink = nullptr) {
        Request request;
        request.messages = {Message{Role::user, std::move(question)}};
        request.sampling.temperature = 0;
        request.sampling.max_tokens = max_tokens;
        request.top_logprobs = sink != nullptr ? 20 : 0;
        request.sink = sink;
        return request;
    }

    Result<Answer> ask(Request request) { return run(agent->ask(std::move(request))); }

    /// The same, for answers that must come.
    Answer answer(Request request) {
        auto result = ask(std::move(request));
        if (!result) throw std::runtime_error(result.error().message);
        return std::move(*result);
    }

    std::unique_ptr<Agent> agent = make(settings());
};

}  // namespace enough::test
