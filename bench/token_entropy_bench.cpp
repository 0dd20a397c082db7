#include <enough/policies/evidence.hpp>
#include <enough/policies/token_entropy.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace {

enum class Order { sorted, shuffled };

// Words of 1 to 9 bytes with logprobs like those of a small model, a different list for each token.
std::vector<enough::Token> made_up_tokens(std::size_t count, std::size_t candidates, Order order) {
    std::mt19937 random(1);
    std::uniform_int_distribution<int> letter('a', 'z');
    std::uniform_int_distribution<std::size_t> length(1, 9);
    std::exponential_distribution<double> gap(2.0);
    std::vector<enough::Token> tokens(count);
    for (enough::Token& token : tokens) {
        double logprob = -0.3;
        for (std::size_t i = 0; i < candidates; ++i) {
            std::string word(length(random), ' ');
            std::ranges::generate(word, [&] { return static_cast<char>(letter(random)); });
            token.candidates.push_back({word, logprob});
            logprob -= gap(random);
        }
        token.bytes = token.candidates.front().bytes;
        token.logprob = token.candidates.front().logprob;
        if (order == Order::shuffled) std::ranges::shuffle(token.candidates, random);
    }
    return tokens;
}

void token_entropy(benchmark::State& state, Order order) {
    const auto tokens = made_up_tokens(256, static_cast<std::size_t>(state.range(0)), order);
    std::size_t next = 0;
    for (auto _ : state) {
        benchmark::DoNotOptimize(enough::token_entropy(tokens[next].candidates, 20));
        next = (next + 1) % tokens.size();
    }
}
BENCHMARK_CAPTURE(token_entropy, sorted, Order::sorted)->Arg(5)->Arg(20)->Arg(64);
BENCHMARK_CAPTURE(token_entropy, shuffled, Order::shuffled)->Arg(20);

// One iteration is one token of an answer of 4,096, with everything that is counted about it.
void evidence(benchmark::State& state, Order order) {
    const auto tokens = made_up_tokens(256, static_cast<std::size_t>(state.range(0)), order);
    enough::EvidenceAccumulator accumulator{enough::SignalSettings{}};
    std::size_t next = 0;
    for (auto _ : state) {
        benchmark::DoNotOptimize(accumulator.add(tokens[next % tokens.size()]));
        if (++next % 4096 == 0) accumulator = enough::EvidenceAccumulator{enough::SignalSettings{}};
    }
}
BENCHMARK_CAPTURE(evidence, sorted, Order::sorted)->Arg(20);
BENCHMARK_CAPTURE(evidence, shuffled, Order::shuffled)->Arg(20);

}  // namespace
