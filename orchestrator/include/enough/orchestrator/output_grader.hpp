#pragma once

#include <enough/agents/agent.hpp>
#include <enough/async/task.hpp>
#include <enough/orchestrator/engine.hpp>
#include <enough/orchestrator/labelled_data.hpp>
#include <enough/workflows/workflow.hpp>

#include <map>
#include <optional>
#include <string>
#include <utility>

namespace enough {

/// Grades outputs as the workflow's `eval:` says, with a model or a program where it says so. The same output of an
/// item is graded once.
class OutputGrader {
public:
    /// `agents` are those of the workflow; both must outlive the grader. Throws `std::invalid_argument` for settings
    /// that can't work.
    OutputGrader(const Workflow& workflow, const EvalSettings& settings, const Agents& agents);

    /// The grader of settings that needs no model and no program; absent for the others.
    static std::optional<Grader> pure(const EvalSettings& settings);

    /// Is the output right? A judge or program that fails throws `std::runtime_error` saying how. No output is wrong.
    Task<bool> grade(const DataItem& item, const std::optional<std::string>& output);

    /// What judges have used so far.
    const Usage& used() const { return used_; }
    double used_usd() const { return used_usd_; }

private:
    Task<bool> ask_judge(const DataItem& item, std::string output);
    Task<bool> ask_program(const DataItem& item, std::string output) const;

    const Workflow& workflow_;
    EvalSettings settings_;
    std::optional<Grader> pure_;
    Template prompt_;
    const Agents& agents_;
    std::map<std::pair<std::string, std::string>, bool> known_;  ///< by id and output
    Usage used_;
    double used_usd_ = 0;
};

}  // namespace enough
