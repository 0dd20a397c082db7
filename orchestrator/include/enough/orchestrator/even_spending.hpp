#pragma once

#include <enough/async/task.hpp>
#include <enough/orchestrator/batch.hpp>
#include <enough/orchestrator/engine.hpp>
#include <enough/policies/constant_budget.hpp>
#include <enough/workflows/workflow.hpp>

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace enough {

class EvenState;

/// Why there is nothing to compare with even spending, in a sentence: a first agent without `refine`, a workflow
/// without `eval`, or one that `why_no_constant_budget` refuses. Absent: there is.
std::optional<std::string> why_not_evenly(const Workflow& workflow);

/// What the same budget of calls would have given had it been spent evenly: for each item always B steps of the first
/// agent's chain, whatever its gate says (at most as many as the chain has). For a B between two whole numbers, the
/// mixture of both in that proportion, as if lots were drawn who gets the last step.
///
/// Measured, not estimated, on the items of a finished batch that have an `expected`: the calls that even spending
/// makes and the batch did not are made now; the answers of their common steps are shared where the batch still has
/// them
/// (`BatchSettings::keep_events`).
class EvenSpending {
public:
    /// `files`: of a batch with that budget. Throws `std::invalid_argument` for what `why_not_evenly` refuses.
    EvenSpending(std::shared_ptr<const Workflow> workflow, const BatchFiles& files, CallsPerItem per_item);
    ~EvenSpending();

    /// The calls that are still to be made for it, if none fails.
    std::int64_t calls_left();

    /// Makes them. What was measured of an item is kept in the batch's state and not done again. An item whose chain or
    /// grading fails is left out of the comparison. Cancelling it (`terminal`) throws `operation_aborted`.
    Task<void> run(const Agents& agents, std::size_t concurrency);

    /// Both ways on the same items: means per item, and differences with paired bootstrap intervals. Null if there is
    /// no item to compare.
    nlohmann::ordered_json report();

private:
    class Measuring;

    std::shared_ptr<const Workflow> workflow_;
    std::shared_ptr<const Workflow> chain_;
    std::string model_;  ///< the first agent's, by its key
    int steps_;          ///< of the longer chain
    double share_;       ///< of items that get its last step
    std::unique_ptr<EvenState> state_;
};

}  // namespace enough
