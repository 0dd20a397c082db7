// What a streamed token with 20 candidates costs: parsing its event, and its entropy on top.
#include "providers/openai_stream.hpp"

#include <enough/policies/token_entropy.hpp>

#include <benchmark/benchmark.h>

#include <array>
#include <string>
#include <vector>

namespace {

using namespace enough;

constexpr int candidates = 20;
constexpr std::array words{" the",     " answer", " is", " number", " therefore", " we",    " a",
                           " compute", ",",       ".",   " of",     " so",        " first", " can",
                           " result",  " x",      " to", " have",   " equation",  "!"};

std::string entry(const std::string& token, double logprob) {
    std::string bytes;
    for (const char c : token) {
        if (!bytes.empty()) bytes += ',';
        bytes += std::to_string(static_cast<int>(c));
    }
    // As servers print single precision in double: 17 digits.
    return "{\"token\":\"" + token + "\",\"logprob\":" + std::to_string(logprob) + "23456789012,\"bytes\":[" + bytes +
           "]";
}

/// An event as vLLM sends it: about 1.9 kB.
std::string event(std::size_t number) {
    std::string list;
    for (std::size_t i = 0; i < candidates; ++i) {
        if (i > 0) list += ',';
        list += entry(words[(number + i) % words.size()], -0.1 - 0.377 * static_cast<double>(i)) + "}";
    }
    const std::string token = words[number % words.size()];
    return R"({"id":"chatcmpl-8f14e45fceea167a5a36dedd4bea2543","object":"chat.completion.chunk","created":1758000000,)"
           R"("model":"gpt-oss-120b","choices":[{"index":0,"delta":{"content":")" +
           token + R"("},"logprobs":{"content":[)" + entry(token, -0.1) + R"(,"top_logprobs":[)" + list +
           R"(]}]},"finish_reason":null,"token_ids":null}]})";
}

std::vector<std::string> events() {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < 256; ++i)
        out.push_back(event(i));
    return out;
}

class Sink final : public AnswerSink {
public:
    explicit Sink(bool measures) : measures_(measures) {}
    Flow on_token(const Token& token) override {
        if (measures_) benchmark::DoNotOptimize(token_entropy(token.candidates, candidates));
        return Flow::go_on;
    }
    void on_text(Phase, std::string_view) override {}
    void on_restart() override {}

private:
    bool measures_;
};

void stream_tokens(benchmark::State& state, bool with_entropy) {
    const auto all = events();
    std::int64_t bytes = 0;
    for (auto _ : state) {
        Sink sink(with_entropy);
        OpenAiStream stream(&sink);
        for (const auto& one : all) {
            if (!stream.event(one)) state.SkipWithError("the stream was refused");
            bytes += static_cast<std::int64_t>(one.size());
        }
    }
    state.SetBytesProcessed(bytes);
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(all.size()));
    state.counters["s/token"] = benchmark::Counter(
        static_cast<double>(all.size()), benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void parse(benchmark::State& state) {
    stream_tokens(state, false);
}
void parse_and_entropy(benchmark::State& state) {
    stream_tokens(state, true);
}
BENCHMARK(parse);
BENCHMARK(parse_and_entropy);

}  // namespace
