#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace enough {

/// What an answer's vote weighs. Never below 0; a number that is missing or not finite weighs 0.
enum class VoteWeight {
    one,              ///< majority
    inverse_entropy,  ///< 1 / max(entropy.mean, 0.01 bit) (arXiv 2511.02309)
    confidence,       ///< its confidence.mean
    softmax,          ///< e^(confidence.mean / T) over the voters (CISC, arXiv 2502.06233)
    rank,             ///< Borda: (voters - rank)^power, the surest by confidence.mean at rank 0 (arXiv 2502.18581)
    best,             ///< the single surest answer by entropy.mean has all the weight
    calibrated,       ///< ln(p / (1 - p)) of its P(correct), p cut to [0.5, 0.99], where each agent has a calibration
};
std::string_view name(VoteWeight weight);
std::optional<VoteWeight> vote_weight_named(std::string_view name);

struct Voting {
    VoteWeight weight = VoteWeight::one;
    double temperature = 1;  ///< of `softmax`, above 0
    double power = 1;        ///< of `rank`, at least 0; 0 is majority
};

/// One answer of a panel.
struct Ballot {
    std::optional<std::string> answer;  ///< the extracted value; absent: it was asked but does not vote
    std::optional<double> entropy_mean;
    std::optional<double> confidence_mean;
    std::optional<double> probability;  ///< P(correct) by its agent's calibration
    std::optional<double> own_weight;   ///< replaces the weight (DeepConf votes by a trace's lowest group confidence)
};

/// Are two extracted values one answer? Should be an equivalence: an answer belongs to the first group whose first
/// answer it equals.
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
    VoteWeight weight = VoteWeight::one;  ///< what really weighed: `one` if all votes would weigh 0
    double share = 0;                     ///< the leader's share of the votes counted (not weighed), 0 without any

    /// Beta posterior that the leader has more votes than any other (Adaptive-Consistency, arXiv 2305.11860), of votes
    /// counted (not weighed): below 1/2 for a leader that leads by weight alone. 0 without votes.
    double posterior = 0;

    /// The leader's surest ballot by entropy, else its first; absent without a leader.
    std::optional<std::size_t> chosen;
};

/// `ballots` in the order in which the workflow lists the agents: it decides ties. Throws `std::invalid_argument` for a
/// temperature that is not positive or a power that is negative.
Tally tally(const std::vector<Ballot>& ballots, const Voting& voting, const SameAnswer& same);

}  // namespace enough
