#include "providers/llama_logits.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

namespace enough::llama {

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

// Logits are taken in blocks, and blocks in lanes that don't wait for one another, which compilers make vector code of.
constexpr std::size_t block_size = 64;
constexpr std::size_t lanes = 16;
using Block = std::array<float, block_size>;

bool ahead(const Scored& a, const Scored& b) {
    return a.logit != b.logit ? a.logit > b.logit : a.token < b.token;
}

// The block that begins at `start`, filled up with what weighs nothing.
Block block_at(std::span<const float> logits, std::size_t start) {
    Block block;
    const auto part = logits.subspan(start, std::min(block_size, logits.size() - start));
    std::fill(std::copy(part.begin(), part.end(), block.begin()), block.end(), -infinity);
    return block;
}

float maximum_of(const Block& block) {
    std::array<float, lanes> largest;
    largest.fill(-infinity);
    for (std::size_t i = 0; i < block_size; i += lanes) {
        for (std::size_t lane = 0; lane < lanes; ++lane) {
            const float logit = block[i + lane];
            largest[lane] = logit > largest[lane] ? logit : largest[lane];
        }
    }
    return *std::max_element(largest.begin(), largest.end());
}

constexpr float least_exponent = -126;  // powers of two below are not worth their trouble

// 2^exponent for exponents in [-126, 0] to a relative 2e-7, without branches.
float power_of_two(float exponent) {
    constexpr float ln_2 = 0.693147181F;
    const auto whole = static_cast<std::int32_t>(exponent);
    // 2^(fraction - 1/2) by the series of exp around the middle of [-1, 0], where it converges fastest.
    const float z = (exponent - static_cast<float>(whole) + 0.5F) * ln_2;
    float series = 1.0F / 720;
    series = series * z + 1.0F / 120;
    series = series * z + 1.0F / 24;
    series = series * z + 1.0F / 6;
    series = series * z + 0.5F;
    series = series * z + 1;
    series = series * z + 1;
    constexpr float half_power = 0.707106781F;
    return std::bit_cast<float>((whole + 127) << 23) * (series * half_power);
}

double sum_of_exps(const Block& block, float maximum) {
    constexpr float log2_e = 1.442695041F;
    Block exponents;
    Block weights;
    for (std::size_t i = 0; i < block_size; ++i) {
        const float exponent = (block[i] - maximum) * log2_e;
        exponents[i] = exponent > least_exponent ? exponent : least_exponent;  // also what is no number
    }
    for (std::size_t i = 0; i < block_size; ++i)
        weights[i] = power_of_two(exponents[i]);
    for (auto half = block_size / 2; half > 0; half /= 2) {
        for (std::size_t i = 0; i < half; ++i)
            weights[i] += weights[i + half];
    }
    return static_cast<double>(weights.front());  // a float is exact enough for a block; blocks are added up in double
}

}  // namespace

std::vector<Scored> largest(std::span<const float> logits, std::size_t k) {
    std::vector<Scored> kept;  // a heap whose front is the least of them
    kept.reserve(std::min(k, logits.size()) + 1);
    for (std::size_t start = 0; start < logits.size() && k > 0; start += block_size) {
        const auto block = block_at(logits, start);
        if (kept.size() == k && !(maximum_of(block) > kept.front().logit)) continue;  // so nearly all
        const auto count = std::min(block_size, logits.size() - start);
        for (std::size_t i = 0; i < count; ++i) {
            if (std::isnan(block[i])) continue;
            const Scored scored{static_cast<std::int32_t>(start + i), block[i]};
            if (kept.size() == k && !ahead(scored, kept.front())) continue;
            kept.push_back(scored);
            std::push_heap(kept.begin(), kept.end(), ahead);
            if (kept.size() <= k) continue;
            std::pop_heap(kept.begin(), kept.end(), ahead);
            kept.pop_back();
        }
    }
    std::sort_heap(kept.begin(), kept.end(), ahead);
    return kept;
}

double log_sum_exp(std::span<const float> logits) {
    float maximum = -infinity;
    for (std::size_t start = 0; start < logits.size(); start += block_size) {
        maximum = std::max(maximum, maximum_of(block_at(logits, start)));
    }
    if (!std::isfinite(maximum)) return static_cast<double>(maximum);
    double sum = 0;
    for (std::size_t start = 0; start < logits.size(); start += block_size) {
        sum += sum_of_exps(block_at(logits, start), maximum);
    }
    return static_cast<double>(maximum) + std::log(sum);
}

}  // namespace enough::llama
