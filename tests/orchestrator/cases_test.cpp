// Runs every file of tests/cases: a workflow, scripted answers, and the trace of events that must come of them.

#include "support/case_file.hpp"
#include "support/run_workflow.hpp"
#include "support/temporary_folder.hpp"
#include "support/trace.hpp"

#include <enough/orchestrator/report.hpp>
#include <enough/orchestrator/step.hpp>
#include <enough/workflows/load.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace enough::test {
namespace {

std::vector<std::filesystem::path> case_files() {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(ENOUGH_TESTS_DIR) / "cases"))
        if (entry.path().extension() == ".yaml") files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    return files;
}

std::vector<std::string> messages_of(const std::vector<Event>& events, int call) {
    std::vector<std::string> lines;
    for (const Event& event : events) {
        const auto* requested = std::get_if<CallRequested>(&event.body);
        if (!requested || requested->call != static_cast<CallId>(call)) continue;
        for (const Message& message : requested->messages) {
            const char* role = message.role == Role::system ? "system"
                               : message.role == Role::user ? "user"
                               : message.role == Role::tool ? "tool"
                                                            : "assistant";
            lines.push_back(std::string(role) + ": " + message.content);
        }
    }
    return lines;
}

/// A line of the expected trace; one that ends in "…" says how the line begins.
testing::Matcher<std::string> expected_line(const std::string& line) {
    constexpr std::string_view rest = "…";
    if (!line.ends_with(rest)) return testing::StrEq(line);
    return testing::StartsWith(line.substr(0, line.size() - rest.size()));
}

/// The log, written and read back, must fold to the same state.
void expect_same_when_folded(const Outcome& outcome) {
    std::vector<Event> read_back;
    for (const Event& event : outcome.events)
        read_back.push_back(event_from_json(nlohmann::json::parse(to_json(event).dump())));
    EXPECT_TRUE(fold(outcome.state.workflow, read_back) == outcome.state);
}

/// A case of several files lies in a folder while it is loaded.
LoadResult load_case(const CaseFile& example, const std::string& name, const TemporaryFolder& folder) {
    if (example.files.empty()) return load_workflow_text(example.workflow, name);
    for (const auto& [file, content] : example.files)
        std::ofstream(folder.file(file)) << content;
    std::ofstream(folder.file(name)) << example.workflow;
    return load_workflow(folder.file(name));
}

class Case : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(Case, GivesTheTrace) {
    const CaseFile example = read_case(GetParam());
    SCOPED_TRACE(example.about);
    const TemporaryFolder folder;
    const LoadResult loaded = load_case(example, GetParam().filename().string(), folder);
    for (const Problem& problem : loaded.problems)
        if (problem.severity == Severity::error) ADD_FAILURE() << to_string(problem);
    ASSERT_TRUE(loaded.workflow);

    Surroundings surroundings{.approvals = example.approvals, .tools = example.tools};
    surroundings.cancel_at = [&](const Event& event) { return trace_line(event) == example.cancel_at; };
    const Outcome outcome = run_workflow(loaded.workflow, example.inputs, surroundings);
    std::vector<std::string> trace;
    for (const Event& event : outcome.events)
        trace.push_back(trace_line(event));
    std::vector<testing::Matcher<std::string>> expected;
    for (const std::string& line : example.trace)
        expected.push_back(expected_line(line));
    EXPECT_THAT(trace, testing::ElementsAreArray(expected));
    EXPECT_EQ(name(outcome.state.status), example.status);
    EXPECT_EQ(outcome.state.output, example.output);
    EXPECT_EQ(outcome.state.error.has_value(), example.error.has_value()) << outcome.state.error.value_or("");
    if (example.error) {
        EXPECT_THAT(outcome.state.error.value_or(""), testing::HasSubstr(*example.error));
    }
    const auto full = nlohmann::json::parse(report(outcome.state).dump());
    for (const auto& [pointer, value] : example.report)
        EXPECT_EQ(full.value(nlohmann::json::json_pointer(pointer), nlohmann::json("(absent)")), value) << pointer;
    for (const auto& [call, messages] : example.messages)
        EXPECT_THAT(messages_of(outcome.events, call), testing::ElementsAreArray(messages)) << "call " << call;
    expect_same_when_folded(outcome);
}

INSTANTIATE_TEST_SUITE_P(Files, Case, testing::ValuesIn(case_files()), [](const auto& file) {
    std::string name = file.param.stem().string();
    std::replace_if(name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
    return name;
});

TEST(Cases, AreThere) {
    EXPECT_GE(case_files().size(), 25U);
}

}  // namespace
}  // namespace enough::test
