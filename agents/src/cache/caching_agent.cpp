#include <enough/agents/cache.hpp>

#include <enough/hash/sha256.hpp>

#include "cassette/call_json.hpp"
#include "cassette/noting_sink.hpp"
#include "cassette/playback.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace enough {
namespace {

RecordedCall asked(const std::string& model, const Request& request) {
    RecordedCall call;
    call.model = model;
    call.messages = request.messages;
    call.sampling = request.sampling;
    call.top_logprobs = std::max(request.top_logprobs, 0);
    call.tools = request.tools;
    call.tools_forbidden = request.tools_forbidden;
    return call;
}

std::string key_of(const std::string& identity, const Request& request) {
    return sha256(fmt::format("{}\n{}\n{}\n{}\n{}", identity, request_line(asked("", request)),
                              request.sampling.reasoning_effort.value_or(""), request.streamed, request.sample));
}

/// What failed attempts showed before belongs to no answer.
std::vector<StreamEvent> of_last_attempt(std::vector<StreamEvent> stream) {
    const auto restart = std::find_if(stream.rbegin(), stream.rend(),
                                      [](const StreamEvent& event) { return std::holds_alternative<Restart>(event); });
    stream.erase(stream.begin(), restart.base());
    return stream;
}

bool worth_keeping(const Answer& answer) {
    if (answer.from_cache || answer.logprobs_refused || !answer.answered_by.empty()) return false;
    switch (answer.finish_reason) {
        case FinishReason::stop:
        case FinishReason::length:
        case FinishReason::tool_calls:
            return true;
        case FinishReason::filter:
        case FinishReason::stopped_early:
        case FinishReason::other:
            return false;
    }
    return false;
}

class CachingAgent final : public Agent {
public:
    CachingAgent(std::unique_ptr<Agent> inner, std::string model, std::string identity,
                 std::shared_ptr<AnswerCache> cache)
        : inner_(std::move(inner)),
          model_(std::move(model)),
          identity_(std::move(identity)),
          cache_(std::move(cache)) {}

    Task<Result<Answer>> ask(Request request) override {
        const std::string key = key_of(identity_, request);
        if (const auto known = cache_->find(key)) co_return from_cache(*known, request);
        NotingSink sink(request.sink);
        RecordedCall call = asked(model_, request);
        request.sink = &sink;
        auto result = co_await inner_->ask(std::move(request));
        if (result && worth_keeping(*result)) {
            call.stream = of_last_attempt(sink.take());
            call.outcome = result;
            cache_->keep(key, call);
        }
        co_return result;
    }

private:
    static Result<Answer> from_cache(const RecordedCall& call, const Request& request) {
        auto result = play(call, request);
        if (!result) return result;
        const std::int64_t reasoning = result->usage.reasoning_tokens;
        if (reasoning > 0 && result->finish_reason != FinishReason::stopped_early)
            result->reported_reasoning_tokens = reasoning;
        result->usage = Usage();
        result->from_cache = true;
        result->latency = {};
        result->first_token.reset();
        return result;
    }

    std::unique_ptr<Agent> inner_;
    std::string model_;
    std::string identity_;
    std::shared_ptr<AnswerCache> cache_;
};

}  // namespace

std::unique_ptr<Agent> make_caching(std::unique_ptr<Agent> inner, std::string model, std::string identity,
                                    std::shared_ptr<AnswerCache> cache) {
    return std::make_unique<CachingAgent>(std::move(inner), std::move(model), std::move(identity), std::move(cache));
}

}  // namespace enough
