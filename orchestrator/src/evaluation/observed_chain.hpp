#pragma once

#include "evaluation/item_run.hpp"
#include "evaluation/variants.hpp"

#include <enough/orchestrator/output_grader.hpp>
#include <enough/policies/calibration.hpp>

#include <string>

namespace enough {

/// An item's whole chain with its grades; `failure` says why there is none.
struct RecordedChain {
    ObservedChain chain;
    std::vector<WitnessedCall> calls;  ///< of the chain, one a step
    std::string failure;
};

/// Makes a calibration item of a run of `whole_chain(…)`.
Task<RecordedChain> observe_chain(const ItemRun& run, const std::string& step_id, int length, const DataItem& item,
                                  OutputGrader& grader);

}  // namespace enough
