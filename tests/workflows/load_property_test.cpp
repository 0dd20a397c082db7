#include "workflow_files.hpp"

#include <enough/workflows/load.hpp>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

namespace enough {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);)
        lines.push_back(line);
    return lines;
}

/// A line lost, doubled, moved elsewhere, or one of its characters replaced: what happens to files that people edit.
void mutate(std::vector<std::string>& lines) {
    if (lines.empty()) return;
    const auto at = *rc::gen::inRange<std::size_t>(0, lines.size());
    const auto line = lines.begin() + static_cast<std::ptrdiff_t>(at);
    switch (*rc::gen::inRange(0, 5)) {
        case 0:
            lines.erase(line);
            break;
        case 1:
            lines.insert(line, std::string(*line));
            break;
        case 2:
            std::iter_swap(line, lines.begin() + *rc::gen::inRange<std::ptrdiff_t>(0, std::ssize(lines)));
            break;
        case 3:
            *line = "  " + *line;
            break;
        case 4:
            if (!line->empty())
                (*line)[*rc::gen::inRange<std::size_t>(0, line->size())] =
                    *rc::gen::elementOf(std::string(":-[]{}#&*!|>'\"%@`$,? \t\n0a\x01\xFF"));
            break;
    }
}

RC_GTEST_PROP(LoadProperty, an_edited_file_loads_or_says_why_not, ()) {
    static const auto files = yaml_files("good");
    std::vector<std::string> lines = lines_of(contents(*rc::gen::elementOf(files)));
    const int edits = *rc::gen::inRange(1, 6);
    for (int i = 0; i < edits; ++i)
        mutate(lines);
    std::string text;
    for (const std::string& line : lines)
        text += line + "\n";

    const LoadResult result = load_workflow_text(text, "edited.yaml", test_environment());
    const auto errors = std::count_if(result.problems.begin(), result.problems.end(),
                                      [](const Problem& problem) { return problem.severity == Severity::error; });
    RC_ASSERT((result.workflow == nullptr) == (errors > 0));
    for (const Problem& problem : result.problems) {
        RC_ASSERT(problem.line >= 1);
        RC_ASSERT(problem.column >= 1);
        RC_ASSERT(!problem.message.empty());
    }
}

}  // namespace
}  // namespace enough
