#pragma once

#include <enough/agents/agent.hpp>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace enough::test {

/// Keeps all it is told; says stop at the token with that number, counted from 1.
class RecordingSink : public AnswerSink {
public:
    explicit RecordingSink(std::optional<std::size_t> stop_at = std::nullopt) : stop_at_(stop_at) {}

    Flow on_token(const Token& token) override {
        tokens.push_back(token);
        return stop_at_ == tokens.size() ? Flow::stop : Flow::go_on;
    }
    void on_text(Phase phase, std::string_view piece) override {
        (phase == Phase::answer ? text : reasoning) += piece;
        if (heard) heard();
    }
    void on_sent() override { ++sent; }
    void on_progress() override { ++progress; }
    void on_restart() override {
        ++restarts;
        tokens.clear();
        text.clear();
        reasoning.clear();
    }

    /// The tokens' bytes of one phase, joined.
    std::string joined(Phase phase) const {
        std::string out;
        for (const auto& token : tokens) {
            if (token.phase == phase) out += token.bytes;
        }
        return out;
    }

    std::vector<Token> tokens;
    std::string text;
    std::string reasoning;
    int restarts = 0;
    int sent = 0;
    int progress = 0;
    std::function<void()> heard;  ///< called after each piece of text

private:
    std::optional<std::size_t> stop_at_;
};

}  // namespace enough::test
