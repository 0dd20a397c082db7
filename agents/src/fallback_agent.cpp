#include <enough/agents/fallback.hpp>

#include <fmt/format.h>

#include <utility>

namespace enough {
namespace {

/// Passes questions for attempts on, and keeps account of what they named.
class NotedAttempts final : public Attempts {
public:
    explicit NotedAttempts(Attempts* inner) : inner_(inner) {}

    bool another(AttemptKind kind, const Usage& spent, std::string_view reason) override {
        if (inner_ == nullptr) return true;
        named_ += spent;
        return inner_->another(kind, spent, reason);
    }

    /// What of `spent` nobody has been told yet.
    Usage news_in(const Usage& spent) const {
        Usage news = spent;
        news.input_tokens -= named_.input_tokens;
        news.cached_input_tokens -= named_.cached_input_tokens;
        news.output_tokens -= named_.output_tokens;
        news.reasoning_tokens -= named_.reasoning_tokens;
        return news;
    }

private:
    Attempts* inner_;
    Usage named_;
};

class FallbackAgent final : public Agent {
public:
    FallbackAgent(std::unique_ptr<Agent> first, std::vector<FallbackChoice> others)
        : first_(std::move(first)), others_(std::move(others)) {}

    Task<Result<Answer>> ask(Request request) override {
        NotedAttempts attempts(request.attempts);
        request.attempts = &attempts;
        auto result = co_await first_->ask(request);
        if (result) co_return result;
        Failure failure = result.error();
        request.top_logprobs = 0;
        for (const FallbackChoice& other : others_) {
            if (failure.kind == FailureKind::script_ended || request.deadline.expired()) break;
            if (!attempts.another(AttemptKind::fallback, attempts.news_in(failure.spent), failure.message)) {
                failure.message += fmt::format(" (the budget does not allow to ask the fallback '{}')", other.name);
                break;
            }
            if (request.sink != nullptr) request.sink->on_restart();
            auto another = co_await other.agent->ask(request);
            if (another) {
                another->usage += failure.spent;
                if (another->answered_by.empty()) another->answered_by = other.name;
                co_return another;
            }
            failure.spent += another.error().spent;
            failure.message += fmt::format("; the fallback '{}': {}", other.name, another.error().message);
        }
        failure.retryable = false;
        co_return failure;
    }

private:
    std::unique_ptr<Agent> first_;
    std::vector<FallbackChoice> others_;
};

}  // namespace

std::unique_ptr<Agent> make_fallback(std::unique_ptr<Agent> first, std::vector<FallbackChoice> others) {
    return std::make_unique<FallbackAgent>(std::move(first), std::move(others));
}

}  // namespace enough
