#pragma once

#include "providers/llama_logits.hpp"
#include "providers/llama_model.hpp"

#include <enough/agents/agent.hpp>

#include <llama.h>

#include <cstddef>
#include <memory>
#include <span>

namespace enough::llama {

/// Draws the tokens of one answer with llama.cpp's samplers (top_k, top_p, min_p, temperature, in that order). Equal
/// seeds draw equally from equal logits; without a seed every answer is another one.
class Sampler {
public:
    Sampler(const Sampling& wanted, const SamplingDefaults& defaults);

    /// How many of the largest logits `draw` wants to see.
    std::size_t wants() const { return wants_; }

    /// `ranked` holds at least one, the largest first; what is beyond `wants` is not looked at.
    llama_token draw(std::span<const Scored> ranked);

private:
    struct Free {
        void operator()(llama_sampler* sampler) const { llama_sampler_free(sampler); }
    };

    std::size_t wants_ = 1;
    std::unique_ptr<llama_sampler, Free> chain_;  // none: the largest is taken
};

}  // namespace enough::llama
