#pragma once

#include <enough/agents/agent.hpp>
#include <enough/agents/cassette.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace enough {

/// Notes what a sink is told on its way to the caller's own sink, if there is one.
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

}  // namespace enough
