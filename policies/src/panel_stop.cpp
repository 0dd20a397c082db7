#include <enough/policies/panel_stop.hpp>

#include <enough/policies/signal.hpp>

#include "comparison.hpp"
#include "names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace enough {

namespace {

constexpr std::array<std::pair<Aggregate, std::string_view>, 7> aggregate_names{{
    {Aggregate::majority, "majority"},
    {Aggregate::weighted_vote, "weighted_vote"},
    {Aggregate::borda, "borda"},
    {Aggregate::best, "best"},
    {Aggregate::judge, "judge"},
    {Aggregate::fuse, "fuse"},
    {Aggregate::debate, "debate"},
}};

using Reason = std::optional<std::string>;

bool is_counted(Aggregate aggregate, const std::vector<Ballot>& ballots) {
    const auto weighed = [](const Ballot& ballot) { return ballot.own_weight.has_value(); };
    return aggregate == Aggregate::majority && std::ranges::none_of(ballots, weighed);
}

std::vector<Ballot> unweighed(std::vector<Ballot> ballots) {
    for (Ballot& ballot : ballots)
        ballot.own_weight.reset();
    return ballots;
}

/// Every vote to come may go to the runner-up, or to a new answer. A draw is not enough: which of the two then leads
/// depends on the order of the agents.
Reason decided(const Tally& votes, std::size_t drawn, std::size_t outstanding) {
    std::size_t next = 0;
    for (std::size_t i = 0; i < votes.groups.size(); ++i)
        if (i != *votes.leader) next = std::max(next, votes.groups[i].ballots.size());
    const std::size_t most = votes.groups[*votes.leader].ballots.size();
    if (most <= next + outstanding) return std::nullopt;
    return fmt::format("majority decided: {} of {} for the leader, {} for the next, {} to come", most,
                       drawn + outstanding, next, outstanding);
}

Reason reached(Signal signal, double value, std::optional<double> least, std::size_t drawn) {
    if (!least || value < *least) return std::nullopt;
    const auto [left, right] = print_to_compare(value, *least);
    return fmt::format("{} {} >= {} after {} answer{}", name(signal), left, right, drawn, drawn == 1 ? "" : "s");
}

/// ESC's windows are disjoint: only after each `window` answers is one complete. One equal window of another answer
/// than the leading one says that going on is worth while.
Reason equal_window(std::optional<int> window, const std::vector<Ballot>& ballots, const Tally& votes) {
    if (!window || *window < 1) return std::nullopt;
    const auto size = static_cast<std::size_t>(*window);
    if (ballots.size() < size || ballots.size() % size != 0) return std::nullopt;
    const auto& leading = votes.groups[*votes.leader].ballots;
    for (std::size_t i = ballots.size() - size; i < ballots.size(); ++i)
        if (!std::ranges::binary_search(leading, i)) return std::nullopt;
    return fmt::format("{} answers in a row are equal", size);
}

}  // namespace

std::string_view name(Aggregate aggregate) {
    return name_of(aggregate_names, aggregate);
}

std::optional<Aggregate> aggregate_named(std::string_view name) {
    return value_named(aggregate_names, name);
}

std::optional<std::string> settled(const PanelStop& stop, Aggregate aggregate, const std::vector<Ballot>& ballots,
                                   std::size_t outstanding, const SameAnswer& same) {
    if (outstanding == 0) return std::nullopt;
    const Tally votes = tally(unweighed(ballots), {}, same);
    if (!votes.leader || votes.tied) return std::nullopt;
    const std::size_t drawn = ballots.size();
    if (stop.decided && is_counted(aggregate, ballots))
        if (auto reason = decided(votes, drawn, outstanding)) return reason;
    const auto with_value =
        std::ranges::count_if(ballots, [](const Ballot& ballot) { return ballot.answer.has_value(); });
    if (with_value < stop.min_answers) return std::nullopt;
    if (auto reason = reached(Signal::agreement, votes.posterior, stop.agreement, drawn)) return reason;
    if (auto reason = reached(Signal::agreement_share, votes.share, stop.share, drawn)) return reason;
    return equal_window(stop.window, ballots, votes);
}

}  // namespace enough
