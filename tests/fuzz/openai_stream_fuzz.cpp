// Feeds a stream parser with lines as events: it must neither crash nor refuse JSON objects that the library accepts.
#include "providers/openai_stream.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>

namespace {

using namespace enough;

class CountingSink final : public AnswerSink {
public:
    Flow on_token(const Token& token) override {
        if (token.candidates.size() > OpenAiStreamLimits().max_candidates) std::abort();
        return ++tokens_ == 1000 ? Flow::stop : Flow::go_on;
    }
    void on_text(Phase, std::string_view text) override {
        if (text.empty()) std::abort();
    }
    void on_restart() override { std::abort(); }

private:
    int tokens_ = 0;
};

// The library takes a NUL for the text's end, whatever follows.
bool library_accepts(const std::string& text) {
    return text.find('\0') == std::string::npos && nlohmann::json::parse(text, nullptr, false).is_object();
}

void expect_fair(const std::string& text, const Failure& failure) {
    const bool called_broken = failure.message.find("is not a JSON object") != std::string::npos;
    // Only what is nested deeper than any server nests may be refused though it is well formed.
    const auto depth = std::count_if(text.begin(), text.end(), [](char c) { return c == '[' || c == '{'; });
    if (called_broken && depth <= JsonReader::max_depth && library_accepts(text)) std::abort();
}

void expect_usable_calls(const Result<Answer>& answer) {
    if (!answer) return;
    std::set<std::string> ids;
    for (const auto& call : answer->tool_calls) {
        if (call.name.empty() || call.id.empty() || !ids.insert(call.id).second) std::abort();
    }
    if (answer->tool_calls.empty() == (answer->finish_reason == FinishReason::tool_calls)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    CountingSink sink;
    OpenAiStream stream(&sink);
    for (std::size_t at = 0; at < input.size();) {
        const auto end = input.find('\n', at);
        const std::string event(input.substr(at, end - at));
        const auto progress = stream.event(event);
        if (!progress) expect_fair(event, progress.error());
        if (!progress || *progress >= OpenAiStream::Progress::stopped) break;
        at = end == std::string_view::npos ? input.size() : end + 1;
    }
    expect_usable_calls(stream.finish(1));

    CountingSink document_sink;
    OpenAiStream document(&document_sink);
    const std::string body(input);
    const auto progress = document.document(body);
    if (!progress) expect_fair(body, progress.error());
    if (progress) expect_usable_calls(document.finish(1));
    return 0;
}
