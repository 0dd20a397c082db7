#pragma once

#include <enough/policies/signal.hpp>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace enough {

// A constant budget of calls over many items (arXiv 2510.08146, budget = alpha * beta: a sure answer keeps the one call
// it has, an unsure one gets an enhanced allocation, and the total does not change). The paper does not say who gets
// what is saved, nor in which order; here it is rounds, and within a round the neediest first.

/// Calls that are paid for per item on average: a decimal number from 1 to 1000 with at most six decimal places. Kept
/// exactly, so that 1.15 calls for 100 items are 115, not the 114 of binary fractions.
class CallsPerItem {
public:
    /// Absent for anything else, also for signs, exponents and spaces.
    static std::optional<CallsPerItem> parse(std::string_view text);

    /// floor(items * B): what may be spent on so many items. At most 10^12 items count.
    std::int64_t for_items(std::int64_t items) const;

    double value() const { return static_cast<double>(millionths_) / 1e6; }
    std::string text() const;  ///< the shortest decimal that `parse` makes it of

    bool operator==(const CallsPerItem&) const = default;

private:
    explicit CallsPerItem(std::int64_t millionths) : millionths_(millionths) {}

    std::int64_t millionths_;
};

/// How much an item whose answer was not accepted needs another call, by its gate's signal: the less sure, the more.
/// Without a (finite) value more than with any. Needs of different signals can't be compared.
double need(Signal signal, std::optional<double> value);

/// More than any `need` with a value.
inline constexpr double neediest = std::numeric_limits<double>::infinity();

/// An integer that orders as the need does, and stands for it where only integers are kept exactly. No NaN.
std::int64_t order_of_need(double need);

}  // namespace enough
