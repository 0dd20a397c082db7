#include "workflow_files.hpp"

#include <enough/workflows/load.hpp>

#include <gtest/gtest.h>

#include <string>

namespace enough {
namespace {

/// Every problem on a line of its own, files named relative to the folder.
std::string listed(const std::vector<Problem>& problems, const std::filesystem::path& folder) {
    std::string text;
    for (Problem problem : problems) {
        problem.file = std::filesystem::path(problem.file).lexically_relative(folder).string();
        text += to_string(problem) + "\n";
    }
    return text;
}

class Good : public testing::TestWithParam<std::filesystem::path> {};
class Bad : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(Good, loads_without_errors) {
    const LoadResult result = load_workflow(GetParam(), test_environment());
    EXPECT_NE(result.workflow, nullptr);
    for (const Problem& problem : result.problems)
        EXPECT_EQ(problem.severity, Severity::warning) << to_string(problem);
}

// Beside each bad file stands what must be said of it, word for word.
TEST_P(Bad, says_exactly_what_is_wrong) {
    const std::filesystem::path& file = GetParam();
    const LoadResult result = load_workflow(file, test_environment());
    EXPECT_EQ(result.workflow, nullptr);
    const auto expected = contents(std::filesystem::path(file).replace_extension(".expected"));
    ASSERT_FALSE(expected.empty()) << "no .expected beside " << file;
    EXPECT_EQ(listed(result.problems, file.parent_path()), expected);
}

std::string file_name(const testing::TestParamInfo<std::filesystem::path>& info) {
    return info.param.stem().string();
}

INSTANTIATE_TEST_SUITE_P(Files, Good, testing::ValuesIn(yaml_files("good")), file_name);
INSTANTIATE_TEST_SUITE_P(Structure, Bad, testing::ValuesIn(yaml_files("bad")), file_name);
INSTANTIATE_TEST_SUITE_P(Yaml, Bad, testing::ValuesIn(yaml_files("bad-yaml")), file_name);
INSTANTIATE_TEST_SUITE_P(Meaning, Bad, testing::ValuesIn(yaml_files("bad-semantic")), file_name);

}  // namespace
}  // namespace enough
