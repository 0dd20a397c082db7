#include "grading.hpp"

#include <stdexcept>

namespace enough::cli {

void add_grader_option(CLI::App& verb, std::string& grader) {
    verb.add_option("--grader", grader, "How answers are graded (default: the workflow's eval)")
        ->check(CLI::IsMember({"exact", "number", "choice", "regex", "json", "judge", "command"}));
}

EvalSettings grading_of(const Workflow& workflow, const std::string& grader) {
    EvalSettings settings = workflow.eval.value_or(EvalSettings{});
    if (!workflow.eval && grader.empty())
        throw std::invalid_argument(
            "how are answers graded? write eval: {grader: …} in the workflow, or give --grader");
    if (!grader.empty()) settings.grader = grader_kind_named(grader).value();
    return settings;
}

}  // namespace enough::cli
