#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace enough::llama {

struct Scored {
    std::int32_t token = 0;
    float logit = 0;

    bool operator==(const Scored&) const = default;
};

/// The `k` largest logits, the largest first; of equal ones the smaller token id. What is not a number is left out.
std::vector<Scored> largest(std::span<const float> logits, std::size_t k);

/// ln sum exp(logit) over the whole vocabulary: a token's log-probability is its logit less this.
double log_sum_exp(std::span<const float> logits);

}  // namespace enough::llama
