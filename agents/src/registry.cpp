#include <enough/agents/registry.hpp>

#include "failure_kind.hpp"
#include "limited_agent.hpp"
#include "providers/openai_agent.hpp"
#include "providers/scripted_agent.hpp"
#include "retry_agent.hpp"
#if ENOUGH_LLAMA
#include "providers/llama_agent.hpp"
#endif

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

struct MakeAgent {
    asio::any_io_executor executor;

    // Every attempt takes a new permit, and none is held while waiting for the next: retries go around the limits.
    std::unique_ptr<Agent> operator()(const OpenAiSettings& settings) const {
        auto agent = make_openai_agent(settings, executor);
        const auto& limits = settings.limits;
        if (limits.concurrency || limits.requests_per_minute || limits.tokens_per_minute) {
            agent = std::make_unique<LimitedAgent>(std::move(agent), limits);
        }
        return std::make_unique<RetryAgent>(std::move(agent), settings.retry);
    }

    std::unique_ptr<Agent> operator()([[maybe_unused]] const LlamaSettings& settings) const {
#if ENOUGH_LLAMA
        return make_llama_agent(settings, executor);
#else
        return std::make_unique<AbsentLlamaAgent>();
#endif
    }

    std::unique_ptr<Agent> operator()(const ScriptedSettings& settings) const {
        return std::make_unique<RetryAgent>(make_scripted_agent(settings), settings.retry);
    }
};

}  // namespace

std::unique_ptr<Agent> make_agent(const ProviderSettings& settings, asio::any_io_executor executor) {
    return std::visit(MakeAgent{std::move(executor)}, settings);
}

}  // namespace enough
