#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string_view>
#include <vector>

namespace enough::simulation {

/// Where items come from: everything that a calibration tries to learn from a sample is known here.
///
/// The first answer is right with probability `step1_accuracy`. Its entropy is Gaussian, cut off at 0, around a mean
/// that depends only on whether the answer is right. Refining to the end turns a wrong first answer right, or a right
/// one wrong, with a probability that does not depend on the entropy.
struct Population {
    std::string_view name;
    double step1_accuracy = 0.6;
    double mean_correct = 0.799;  ///< bits, before the cut; the means of arXiv 2510.08146 over ten steps
    double mean_incorrect = 1.069;
    double sd = 0.45;  ///< makes d = 0.6 before the cut
    double wrong_to_right = 0.2;
    double right_to_wrong = 0;
};

inline constexpr int chain_length = 4;  ///< answers of equal length

inline constexpr Population gain_8{"gain-8"};
inline constexpr Population gain_8_both_ways{
    .name = "gain-8-both-ways", .wrong_to_right = 0.275, .right_to_wrong = 0.05};
inline constexpr Population gain_0{.name = "gain-0", .wrong_to_right = 0.075, .right_to_wrong = 0.05};
inline constexpr Population no_signal{.name = "no-signal", .mean_correct = 0.934, .mean_incorrect = 0.934};

/// One question: the entropy of its first answer, and whether the first and the last answer are right.
struct Item {
    double entropy = 0;
    bool first_correct = false;
    bool last_correct = false;
};

/// Draws items; the same seed gives the same ones (but for the last bits of the machine's `log` and `cos`).
class Draws {
public:
    Draws(const Population& population, std::uint64_t seed) : population_(population), engine_(seed) {}
    std::vector<Item> items(std::size_t count);

private:
    double uniform();  ///< in (0, 1)
    double normal();
    Item item();

    Population population_;
    std::mt19937_64 engine_;
};

/// What accepting every first answer with an entropy <= tau, and refining the others to the end, does in the
/// population: expectations over all items, computed and not sampled.
struct Truth {
    double accepted = 0;         ///< share of the items
    double accuracy_change = 0;  ///< against refining everything
    double savings = 0;          ///< share of the output tokens
    double regret = 0;           ///< share of the items: accepted, wrong, and the last answer would have been right
    double wrong = 0;            ///< share of the items: accepted and wrong
};
/// No threshold accepts nothing: all zeros.
Truth truth(const Population& population, std::optional<double> tau);

}  // namespace enough::simulation
