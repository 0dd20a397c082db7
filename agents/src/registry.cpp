#include <enough/agents/registry.hpp>

#include "circuit_agent.hpp"
#include "failure_kind.hpp"
#include "hedge_agent.hpp"
#include "limited_agent.hpp"
#include "providers/anthropic_protocol.hpp"
#include "providers/gemini_protocol.hpp"
#include "providers/http_agent.hpp"
#include "providers/openai_agent.hpp"
#include "providers/openai_profile.hpp"
#include "providers/scripted_agent.hpp"
#include "redaction.hpp"
#include "retry_agent.hpp"
#if ENOUGH_LLAMA
#include "providers/llama_agent.hpp"
#endif

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
    MakeAgent(asio::any_io_executor on, OpenCircuit open) : executor_(std::move(on)), open_circuit_(open) {}

    std::unique_ptr<Agent> operator()(const OpenAiSettings& settings) const {
        return served(make_openai_agent(settings, executor_), settings);
    }

    std::unique_ptr<Agent> operator()(const AnthropicSettings& settings) const {
        return served(make_http_agent(make_anthropic_protocol(settings), settings, executor_), settings);
    }

    std::unique_ptr<Agent> operator()(const GeminiSettings& settings) const {
        return served(make_http_agent(make_gemini_protocol(settings), settings, executor_), settings);
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
    // From the server outwards: redaction, circuit, limits, hedges, retries.
    // Next to the server our secrets are taken out of what it says, so that everything else sees clean words alone.
    // The circuit stands next to the server, so that it hears of every attempt, and so that calls which waited their
    // turn at a limit find it open when their turn has come; a refusal costs them nothing of the token limit.
    std::unique_ptr<Agent> served(std::unique_ptr<Agent> agent, const ServerSettings& settings) const {
        agent = make_redacting_agent(std::move(agent), Redaction(secrets_of(settings)));
        if (settings.circuit)
            agent = std::make_unique<CircuitAgent>(std::move(agent), "model " + settings.model, *settings.circuit,
                                                   open_circuit_ == OpenCircuit::wait);
        return wrapped(std::move(agent), settings);
    }

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
    OpenCircuit open_circuit_;
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

void set_rate_share(ProviderSettings& settings, const std::shared_ptr<RateShare>& share) {
    std::visit(
        [&](auto& provider) {
            if constexpr (requires { provider.limits; }) provider.limits.share = share;
        },
        settings);
}

std::unique_ptr<Agent> make_agent(const ProviderSettings& settings, asio::any_io_executor executor,
                                  OpenCircuit open_circuit) {
    return std::visit(MakeAgent(std::move(executor), open_circuit), settings);
}

}  // namespace enough
