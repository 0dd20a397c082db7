#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace enough {

/// How a panel's answers become one.
enum class Aggregate { majority, weighted_vote, borda, best, judge, fuse, debate };
std::string_view name(Aggregate aggregate);
std::optional<Aggregate> aggregate_named(std::string_view name);

/// What an answer's vote weighs.
enum class VoteWeight {
    one,              ///< majority
    inverse_entropy,  ///< 1 / max(entropy.mean, 0.01 bit) (arXiv 2511.02309)
    confidence,       ///< its confidence.mean
    softmax,          ///< e^(confidence.mean / T) over the voters (CISC, arXiv 2502.06233)
    rank,             ///< Borda: (voters - rank)^power by confidence.mean (arXiv 2502.18581)
    best,             ///< the single surest answer by entropy.mean has all the weight
    calibrated,       ///< ln(p / (1 - p)) of its P(correct), where each agent has a calibration
};
std::string_view name(VoteWeight weight);
std::optional<VoteWeight> vote_weight_named(std::string_view name);

struct Voting {
    VoteWeight weight = VoteWeight::one;
    double temperature = 1;  ///< of `softmax`, above 0
    double power = 1;        ///< of `rank`
};

/// One answer of a panel.
struct Ballot {
    std::optional<std::string> answer;  ///< the extracted value; absent: it was asked but does not vote
    std::optional<double> entropy_mean;
    std::optional<double> confidence_mean;
    std::optional<double> probability;  ///< P(correct) by its agent's calibration
    std::optional<double> own_weight;   ///< replaces the weight (DeepConf votes by a trace's lowest group confidence)
};

/// Are two extracted values one answer?
using SameAnswer = std::function<bool(std::string_view, std::string_view)>;

/// The result of a vote. Deterministic: of equal totals (1e-12 relative) the answer that came first leads.
struct Tally {
    struct Group {
        std::string answer;                ///< as its first ballot has it
        std::vector<std::size_t> ballots;  ///< indices, in order
        double total = 0;
        double share = 0;  ///< of all totals
    };
    std::vector<Group> groups;            ///< in order of first appearance
    std::optional<std::size_t> leader;    ///< index into `groups`; absent: nobody voted
    bool tied = false;                    ///< another group has the same total
    VoteWeight weight = VoteWeight::one;  ///< what really weighed: `one` if no voter had the number that was asked for
    double share = 0;                     ///< the leader's share of the votes counted (not weighed), 0 without any
    double posterior = 0;  ///< Beta posterior that the leader leads (Adaptive-Consistency, arXiv 2305.11860)

    /// The leader's surest ballot by entropy, else its first; absent without a leader.
    std::optional<std::size_t> chosen;
};

Tally tally(const std::vector<Ballot>& ballots, const Voting& voting, const SameAnswer& same);

/// When a panel may end before all have answered. Absent = not for this reason.
struct PanelStop {
    std::optional<double> agreement;  ///< Beta posterior that the leader leads is at least this
    std::optional<double> share;      ///< the leader's share of the votes is at least this
    std::optional<int> window;        ///< this many answers in a row are equal (ESC, arXiv 2401.10480)
    int min_answers = 2;              ///< before any of these
    bool decided = true;              ///< also as soon as no answer to come can change the leader of a majority vote
};

/// Why the panel's result is settled, in words; absent while it is not. `ballots` are those that came, in the order in
/// which they came; `outstanding` are still to come. Only unweighted votes can be decided ahead of time.
std::optional<std::string> settled(const PanelStop& stop, Aggregate aggregate, const std::vector<Ballot>& ballots,
                                   std::size_t outstanding, const SameAnswer& same);

/// DeepConf online (arXiv 2508.15260): the first traces of a panel run to their end and set a bar; later ones are cut
/// as soon as the mean confidence of a full window falls below it, and do not vote. Votes weigh a trace's lowest group
/// confidence.
struct DeepConf {
    int warmup = 16;            ///< traces that run to their end
    double keep = 0.9;          ///< share of the warm-up traces whose lowest group confidence is at least the bar
    std::size_t window = 2048;  ///< tokens of a group
};

/// The bar: the (1 - keep) quantile of the warm-up traces' lowest group confidences, linear between order statistics,
/// as the reference code has it. Absent without any.
std::optional<double> deepconf_bar(const DeepConf& settings, std::vector<double> lowest_groups);

}  // namespace enough
