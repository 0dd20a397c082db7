#include <enough/agents/replay.hpp>

#include <algorithm>
#include <utility>

namespace enough {
namespace {

// Notes what a sink is told on its way to the caller's own sink, if there is one.
class NotingSink final : public AnswerSink {
public:
    explicit NotingSink(AnswerSink* listener) : listener_(listener) {}

    Flow on_token(const Token& token) override {
        stream_.emplace_back(token);
        return listener_ == nullptr ? Flow::go_on : listener_->on_token(token);
    }

    void on_text(Phase phase, std::string_view text) override {
        stream_.emplace_back(ShownText{phase, std::string(text)});
        if (listener_ != nullptr) listener_->on_text(phase, text);
    }

    void on_sent() override {
        if (listener_ != nullptr) listener_->on_sent();
    }

    void on_progress() override {
        if (listener_ != nullptr) listener_->on_progress();
    }

    void on_restart() override {
        stream_.emplace_back(Restart{});
        if (listener_ != nullptr) listener_->on_restart();
    }

    std::vector<StreamEvent> take() { return std::move(stream_); }

private:
    AnswerSink* listener_;
    std::vector<StreamEvent> stream_;
};

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
