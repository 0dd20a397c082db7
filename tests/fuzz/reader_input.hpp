#pragma once

#include "providers/answer_draft.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>

namespace enough::fuzz {

/// Aborts where a reader shows what it must not.
class CheckingSink final : public AnswerSink {
public:
    Flow on_token(const Token& token) override {
        if (token.candidates.size() > DraftLimits().max_candidates) std::abort();
        return ++tokens_ == 1000 ? Flow::stop : Flow::go_on;
    }
    void on_text(Phase, std::string_view text) override {
        if (text.empty()) std::abort();
    }
    void on_restart() override { std::abort(); }

private:
    int tokens_ = 0;
};

inline void expect_usable(const Result<Answer>& answer) {
    if (!answer) {
        if (answer.error().message.empty()) std::abort();
        return;
    }
    const auto& usage = answer->usage;
    if (usage.input_tokens < 0 || usage.output_tokens < 0 || usage.reasoning_tokens > usage.output_tokens ||
        usage.cached_input_tokens > usage.input_tokens)
        std::abort();
    std::set<std::string> ids;
    for (const auto& call : answer->tool_calls) {
        if (call.name.empty() || call.id.empty() || !ids.insert(call.id).second) std::abort();
    }
    if (answer->tool_calls.empty() == (answer->finish_reason == FinishReason::tool_calls)) std::abort();
}

/// Feeds a reader lines as events, and another one the whole as a document. Neither may throw, and what comes of them
/// must be usable.
template <class Reader>
int feed_reader(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    CheckingSink sink;
    Reader reader(&sink);
    bool failed = false;
    bool stopped = false;
    for (std::size_t at = 0; at < input.size() && !failed && !stopped;) {
        const auto end = input.find('\n', at);
        SseEvent event;
        event.data = input.substr(at, end - at);
        const auto progress = reader.event(event);
        failed = !progress;
        if (failed && progress.error().message.empty()) std::abort();
        stopped = progress && *progress >= AnswerReader::Progress::stopped;
        at = end == std::string_view::npos ? input.size() : end + 1;
    }
    if (!failed) expect_usable(reader.finish(1));

    CheckingSink document_sink;
    Reader document(&document_sink);
    const auto progress = document.document(std::string(input));
    if (progress) expect_usable(document.finish(1));
    return 0;
}

}  // namespace enough::fuzz
