#pragma once

#include <enough/workflows/workflow.hpp>

#include <CLI/CLI.hpp>

#include <string>

namespace enough::cli {

/// `--grader`.
void add_grader_option(CLI::App& verb, std::string& grader);

/// How the workflow's answers are graded: as `eval:` says, with the kind that was given on the command line in its
/// place. Throws `std::invalid_argument` if nobody says.
EvalSettings grading_of(const Workflow& workflow, const std::string& grader);

}  // namespace enough::cli
