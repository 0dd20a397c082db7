#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

namespace enough {

/// Whole numbers from a seed, the same on every machine: the standard fixes what `mt19937_64` gives, but not what its
/// distributions make of it.
class SeededDraws {
public:
    explicit SeededDraws(std::uint64_t seed) : engine_(seed) {}

    /// Uniform in [0, count): the top bits of an output, as many as count - 1 has, drawn anew until they are below
    /// count. A count of 1 takes no output.
    std::size_t below(std::size_t count) {
        if (count < 2) return 0;
        const int surplus = std::countl_zero(std::uint64_t{count - 1});
        std::uint64_t drawn = engine_() >> surplus;
        while (drawn >= count)
            drawn = engine_() >> surplus;
        return static_cast<std::size_t>(drawn);
    }

    /// Every order is equally likely (Fisher and Yates).
    void shuffle(std::vector<std::size_t>& values) {
        for (std::size_t left = values.size(); left > 1; --left)
            std::swap(values[left - 1], values[below(left)]);
    }

private:
    std::mt19937_64 engine_;
};

}  // namespace enough
