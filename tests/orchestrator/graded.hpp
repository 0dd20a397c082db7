#pragma once

#include "support/run.hpp"

#include <enough/orchestrator/output_grader.hpp>
#include <enough/workflows/load.hpp>

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace enough::test {

/// `42` is expected.
inline DataItem graded_item(const std::string& id = "a") {
    return {id, {{"question", "6 * 7?"}}, 42, 1};
}

inline Task<bool> grade_with(OutputGrader& grader, DataItem item, std::optional<std::string> output) {
    // A task of its own: what it is given must live as long as it runs.
    const bool right = co_await grader.grade(item, output);
    co_return right;
}

/// What grading says: `right`, `wrong`, or why it failed.
inline Task<std::string> outcome_of(OutputGrader& grader, DataItem item, std::optional<std::string> output) {
    std::string outcome;
    try {
        Task<bool> grading = grade_with(grader, std::move(item), std::move(output));
        outcome = co_await std::move(grading) ? "right" : "wrong";
    } catch (const std::runtime_error& fault) {
        outcome = fault.what();
    }
    co_return outcome;
}

}  // namespace enough::test
