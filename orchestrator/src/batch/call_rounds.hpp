#pragma once

#include "batch/batch_state.hpp"
#include "batch/call_shares.hpp"

#include <enough/orchestrator/batch.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>

namespace enough {

/// In which order the items of a batch with a budget of calls are run, pass by pass: those that were cut off; then in
/// rounds one more call for each item that waits, the neediest first, while the budget lasts; then those that still
/// wait are ended with what they have. A pass begins when everything of the one before has come back and is written.
///
/// No more calls are granted than the budget has, whatever happens between: what is granted counts from the moment at
/// which it is written, before the call is made, and only an item that has ended gives back what it did not use.
class CallRounds {
public:
    /// `allowed`: calls in all.
    CallRounds(BatchState& state, CallShares& shares, std::int64_t allowed);

    /// Turns to the next pass; false: nothing is left to do.
    bool turn();

    /// The next item of this pass, with what it is granted; absent: the pass has no more.
    std::optional<BatchItem> next();

    /// An item that was granted so many calls has ended after so many.
    void ended(int granted, std::int64_t made) { granted_ -= granted - made; }

    /// What the pass is, for people.
    std::string pass_in_words();

private:
    enum class Pass { cut_off, round, end };

    std::vector<CallShare> page(std::size_t most);

    BatchState& state_;
    CallShares& shares_;
    std::int64_t allowed_;
    std::int64_t granted_;
    std::optional<Pass> pass_;
    int round_ = 0;  ///< calls of those who wait for their next one
    std::optional<CallShare> last_;
    std::deque<CallShare> page_;
};

}  // namespace enough
