#pragma once

#include <enough/policies/constant_budget.hpp>
#include <enough/sqlite/database.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

namespace enough {

/// What an item of a batch with a budget of calls has of it.
struct CallShare {
    std::int64_t item = 0;
    int granted = 0;         ///< calls that it may make in all; once it has ended: has made
    std::int64_t order = 0;  ///< `order_of_need` while it waits for another call
};

/// The shares of a batch's items, read from its state. `BatchWriter` writes what changes; what is read here stands in
/// the file after its `flush`. For one thread. All that fails throws `SqliteError`.
class CallShares {
public:
    explicit CallShares(const std::filesystem::path& state);

    /// Gives every item that has neither a result nor a share one of no calls: it waits for its first.
    void hand_out();

    /// Calls granted so far, those of earlier tries of failed items included.
    std::int64_t granted();
    std::int64_t granted_earlier();
    /// The fewest calls that an item that waits has been granted; absent: nobody waits.
    std::optional<int> fewest();
    std::int64_t waiting();

    // A page of shares, after the one given; `most` at most.

    /// Of items that were granted a call and neither wait nor have ended: cut off. By number.
    std::vector<CallShare> under_way(std::int64_t after_item, std::size_t most);
    /// Of items that wait with so many calls. The neediest first; those that need it equally by number.
    std::vector<CallShare> in_need(int granted, const std::optional<CallShare>& after, std::size_t most);
    /// Of all that wait. By number.
    std::vector<CallShare> waiting(std::int64_t after_item, std::size_t most);

    /// How many of the items that have ended made so many calls, from 0.
    struct Count {
        int calls = 0;
        std::int64_t items = 0;
        std::int64_t accepted = 0;
    };
    std::vector<Count> histogram();

private:
    SqliteDatabase database_;
};

}  // namespace enough
