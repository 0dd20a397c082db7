#include "providers/llama_sampler.hpp"

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

namespace enough::llama {

namespace {

std::uint32_t short_seed(const std::optional<std::uint64_t>& seed) {
    if (!seed) return std::random_device()();
    const auto folded = static_cast<std::uint32_t>(*seed ^ (*seed >> 32));
    return folded == LLAMA_DEFAULT_SEED ? folded - 1 : folded;  // that one means "any seed" to llama.cpp
}

}  // namespace

Sampler::Sampler(const Sampling& wanted, const SamplingDefaults& defaults) {
    const auto temperature = static_cast<float>(wanted.temperature.value_or(defaults.temperature));
    if (!(temperature > 0)) return;
    wants_ = static_cast<std::size_t>(std::max(defaults.top_k, 1));
    chain_.reset(llama_sampler_chain_init(llama_sampler_chain_default_params()));
    const auto top_p = static_cast<float>(wanted.top_p.value_or(defaults.top_p));
    llama_sampler_chain_add(chain_.get(), llama_sampler_init_top_p(top_p, 1));
    llama_sampler_chain_add(chain_.get(), llama_sampler_init_min_p(static_cast<float>(defaults.min_p), 1));
    llama_sampler_chain_add(chain_.get(), llama_sampler_init_temp(temperature));
    llama_sampler_chain_add(chain_.get(), llama_sampler_init_dist(short_seed(wanted.seed)));
}

llama_token Sampler::draw(std::span<const Scored> ranked) {
    if (!chain_) return ranked.front().token;
    std::vector<llama_token_data> data;
    for (const auto& scored : ranked.first(std::min(ranked.size(), wants_))) {
        data.push_back(llama_token_data{scored.token, scored.logit, 0.0F});
    }
    llama_token_data_array array{data.data(), data.size(), -1, true};
    llama_sampler_apply(chain_.get(), &array);
    return array.selected < 0 ? ranked.front().token : array.data[array.selected].id;
}

}  // namespace enough::llama
