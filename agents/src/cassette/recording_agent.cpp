#include <enough/agents/replay.hpp>

#include "cassette/noting_sink.hpp"

#include <algorithm>
#include <utility>

namespace enough {
namespace {

class RecordingAgent final : public Agent {
public:
    RecordingAgent(std::unique_ptr<Agent> inner, std::string model, OnRecorded on_recorded)
        : inner_(std::move(inner)), model_(std::move(model)), on_recorded_(std::move(on_recorded)) {}

    Task<Result<Answer>> ask(Request request) override {
        NotingSink sink(request.sink);
        request.sink = &sink;
        auto result = co_await inner_->ask(request);
        RecordedCall call;
        call.model = model_;
        call.messages = std::move(request.messages);
        call.sampling = std::move(request.sampling);
        call.top_logprobs = std::max(request.top_logprobs, 0);
        call.tools = std::move(request.tools);
        call.tools_forbidden = request.tools_forbidden;
        call.stream = sink.take();
        call.outcome = result;
        on_recorded_(std::move(call));
        co_return result;
    }

private:
    std::unique_ptr<Agent> inner_;
    std::string model_;
    OnRecorded on_recorded_;
};

class BorrowedAgent final : public Agent {
public:
    explicit BorrowedAgent(Agent& agent) : agent_(agent) {}

    Task<Result<Answer>> ask(Request request) override { return agent_.ask(std::move(request)); }

private:
    Agent& agent_;
};

}  // namespace

std::unique_ptr<Agent> make_recording(std::unique_ptr<Agent> inner, std::string model, OnRecorded on_recorded) {
    return std::make_unique<RecordingAgent>(std::move(inner), std::move(model), std::move(on_recorded));
}

std::unique_ptr<Agent> borrow(Agent& agent) {
    return std::make_unique<BorrowedAgent>(agent);
}

}  // namespace enough
