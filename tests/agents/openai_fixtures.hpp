#pragma once

#include <string>
#include <string_view>
#include <vector>

// Streams as servers send them, written by hand after the shapes that OpenAI, vLLM, llama.cpp and DeepSeek document.
namespace enough::test {

/// One entry of `logprobs.content`: the token, and an alternative that is one nat less likely.
inline std::string entry(const std::string& token, const std::string& other = "x") {
    return R"({"token":")" + token + R"(","logprob":-0.25,"bytes":null,"top_logprobs":[{"token":")" + token +
           R"(","logprob":-0.25,"bytes":null},{"token":")" + other + R"(","logprob":-1.25,"bytes":null}]})";
}

inline std::string chunk(const std::string& delta, const std::string& logprobs = "null",
                         const std::string& finish = "null") {
    return R"({"id":"c1","object":"chat.completion.chunk","created":1,"model":"m-1","system_fingerprint":"fp_9",)"
           R"("choices":[{"index":0,"delta":)" +
           delta + R"(,"logprobs":)" + logprobs + R"(,"finish_reason":)" + finish + R"(}],"usage":null})";
}

inline std::string content_chunk(const std::string& text) {
    return chunk(R"({"content":")" + text + "\"}", R"({"content":[)" + entry(text) + R"(],"refusal":null})");
}

inline std::string finish_chunk(const std::string& reason = "stop") {
    return chunk("{}", "null", '"' + reason + '"');
}

inline std::string usage_chunk() {
    return R"({"id":"c1","model":"m-1","choices":[],"usage":{"prompt_tokens":31,"completion_tokens":3,"total_tokens":34,)"
           R"("prompt_tokens_details":{"cached_tokens":16},"completion_tokens_details":{"reasoning_tokens":1}}})";
}

/// Shape B: "4 + 4 = 8" in five tokens.
inline std::vector<std::string> good_stream() {
    return {chunk(R"({"role":"assistant","content":""})"),
            content_chunk("4"),
            content_chunk(" +"),
            chunk(R"({"content":" 4 ="})", R"({"content":[)" + entry(" 4") + "," + entry(" =") + "]}"),
            content_chunk(" 8"),
            finish_chunk(),
            usage_chunk(),
            "[DONE]"};
}

/// The same stream as bytes of `text/event-stream`.
inline std::string sse(const std::vector<std::string>& events) {
    std::string out;
    for (const auto& event : events)
        out += "data: " + event + "\n\n";
    return out;
}

}  // namespace enough::test
