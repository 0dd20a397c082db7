#include <enough/agents/registry.hpp>

#include "failure_kind.hpp"
#include "hedge_agent.hpp"
#include "limited_agent.hpp"
#include "providers/openai_agent.hpp"
#include "providers/openai_profile.hpp"
#include "providers/scripted_agent.hpp"
#include "retry_agent.hpp"
#if ENOUGH_LLAMA
#include "providers/llama_agent.hpp"
#endif

#include <stdexcept>
#include <type_traits>
#include <utility>

namespace enough {

namespace {

#if !ENOUGH_LLAMA
class AbsentLlamaAgent final : public Agent {
public:
    Task<Result<Answer>> ask(Request) override {
        co_return make_failure(
            FailureKind::no_model,
            "this build of enough has no llama provider; configure it with -DENOUGH_LLAMA=ON, or use "
            "provider: openai with a llama.cpp server");
    }
};
#endif

class MakeAgent {
public:
    explicit MakeAgent(asio::any_io_executor on) : executor_(std::move(on)) {}

    std::unique_ptr<Agent> operator()(const OpenAiSettings& settings) const {
        return wrapped(make_openai_agent(settings, executor_), settings);
    }

    std::unique_ptr<Agent> operator()(const ServerSettings&) const {
        throw std::invalid_argument("this provider is not there yet");
    }

    std::unique_ptr<Agent> operator()([[maybe_unused]] const LlamaSettings& settings) const {
#if ENOUGH_LLAMA
        return make_llama_agent(settings, executor_);
#else
        return std::make_unique<AbsentLlamaAgent>();
#endif
    }

    std::unique_ptr<Agent> operator()(const ScriptedSettings& settings) const {
        return wrapped(make_scripted_agent(settings), settings);
    }

private:
    // Every attempt takes a new permit, and none is held while waiting for the next: retries go around the limits.
    // Hedges stand between: each of the two requests takes a permit of its own, and a failure is waited out, as long as
    // the server wishes, before anything is sent again. Around the retries a hedge would cut such waits short.
    template <class Settings>
    static std::unique_ptr<Agent> wrapped(std::unique_ptr<Agent> agent, const Settings& settings) {
        const RateLimits& limits = settings.limits;
        if (limits.concurrency || limits.requests_per_minute || limits.tokens_per_minute)
            agent = std::make_unique<LimitedAgent>(std::move(agent), limits);
        if (settings.hedge) agent = std::make_unique<HedgeAgent>(std::move(agent), *settings.hedge);
        return std::make_unique<RetryAgent>(std::move(agent), settings.retry);
    }

    asio::any_io_executor executor_;
};

struct GivesLogprobs {
    bool operator()(const OpenAiSettings& settings) const { return gives_logprobs(settings); }
    bool operator()(const ServerSettings&) const { return false; }
    bool operator()(const LlamaSettings&) const { return true; }
    bool operator()(const ScriptedSettings& settings) const { return settings.logprobs; }
};

}  // namespace

bool gives_logprobs(const ProviderSettings& settings) {
    return std::visit(GivesLogprobs(), settings);
}

const ServerSettings* server_settings(const ProviderSettings& settings) {
    return std::visit(
        [](const auto& provider) -> const ServerSettings* {
            if constexpr (std::is_base_of_v<ServerSettings, std::decay_t<decltype(provider)>>) return &provider;
            return nullptr;
        },
        settings);
}

std::unique_ptr<Agent> make_agent(const ProviderSettings& settings, asio::any_io_executor executor) {
    return std::visit(MakeAgent(std::move(executor)), settings);
}

}  // namespace enough
