#pragma once

#include <enough/policies/vote.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace enough {

/// How a panel's answers become one.
enum class Aggregate { majority, weighted_vote, borda, best, judge, fuse, debate };
std::string_view name(Aggregate aggregate);
std::optional<Aggregate> aggregate_named(std::string_view name);

/// When a panel may end before all have answered. Absent = not for this reason.
struct PanelStop {
    std::optional<double> agreement;  ///< Beta posterior that the leader leads is at least this
    std::optional<double> share;      ///< the leader's share of the votes is at least this
    std::optional<int> window;        ///< this many answers in a row are equal (ESC, arXiv 2401.10480), and lead
    int min_answers = 2;              ///< with a value, before any of these
    bool decided = true;              ///< also as soon as no answer to come can change the leader of a majority vote
};

/// Why the panel's result is settled, in words; absent while it is not, and when none is outstanding. `ballots` are
/// those that came, in the order in which they came (`tally` wants them in the order of the agents); `outstanding` are
/// still to come. To be asked after each answer. Votes are counted, never weighed; answers without a value count as
/// drawn but do not vote.
///
/// `decided` promises that `tally` of the ballots so far and of all of them, in any order, has the same leader. It
/// therefore needs more than a draw, which the order of the agents would decide, and holds for majority votes without
/// own weights only. The other reasons say that going on is not worth while; a tie never does.
std::optional<std::string> settled(const PanelStop& stop, Aggregate aggregate, const std::vector<Ballot>& ballots,
                                   std::size_t outstanding, const SameAnswer& same);

}  // namespace enough
