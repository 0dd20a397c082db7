#include <enough/workflows/bundle.hpp>

#include "support/temporary_folder.hpp"
#include "workflow_files.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <variant>
#include <vector>

namespace enough {
namespace {

namespace fs = std::filesystem;

/// An empty working directory, as on a machine that has nothing of the workflow.
class Elsewhere {
public:
    Elsewhere() : before_(fs::current_path()) { fs::current_path(folder_.path()); }
    ~Elsewhere() { fs::current_path(before_); }
    Elsewhere(const Elsewhere&) = delete;
    Elsewhere& operator=(const Elsewhere&) = delete;

private:
    test::TemporaryFolder folder_;
    fs::path before_;
};

void write(const fs::path& file, const std::string& text) {
    fs::create_directories(fs::absolute(file).parent_path());
    std::ofstream(file, std::ios::binary) << text;
}

std::string listed(const std::vector<Problem>& problems) {
    std::string text;
    for (const Problem& problem : problems)
        text += to_string(problem) + "\n";
    return text;
}

/// What arrives when the bundle is sent.
WorkflowBundle sent(const WorkflowBundle& bundle) {
    auto read = bundle_from_json(to_json(bundle));
    if (const auto* fault = std::get_if<std::string>(&read)) ADD_FAILURE() << *fault;
    return std::holds_alternative<WorkflowBundle>(read) ? std::get<WorkflowBundle>(read) : WorkflowBundle();
}

WorkflowBundle bundled(const fs::path& file, const Environment& environment = variables({})) {
    BundleResult result = bundle_workflow(file, environment);
    EXPECT_TRUE(result.bundle) << listed(result.problems);
    return result.bundle.value_or(WorkflowBundle());
}

std::vector<std::string> paths_in(const WorkflowBundle& bundle) {
    std::vector<std::string> paths;
    for (const BundledFile& file : bundle.files)
        paths.insert(paths.end(), file.paths.begin(), file.paths.end());
    std::sort(paths.begin(), paths.end());
    return paths;
}

Environment example_environment() {
    return variables({{"ENOUGH_MODEL", "/models/small.gguf"},
                      {"CHEAP_URL", "http://127.0.0.1:1/v1"},
                      {"CHEAP_MODEL", "cheap"},
                      {"STRONG_URL", "http://127.0.0.1:2/v1"},
                      {"STRONG_MODEL", "strong"},
                      {"GSM8K_MODEL", "m"}});
}

std::vector<fs::path> examples() {
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(ENOUGH_TESTS_DIR).parent_path() / "examples"))
        if (entry.path().filename() == "workflow.yaml") files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    return files;
}

void loads_alike_elsewhere(const fs::path& file, const Environment& environment) {
    const LoadResult here = load_workflow(file, environment);
    ASSERT_NE(here.workflow, nullptr) << listed(here.problems);
    const WorkflowBundle bundle = sent(bundled(file, environment));
    EXPECT_EQ(bundle.hash, here.workflow->hash);

    const Elsewhere elsewhere;
    if (file.filename() == "secrets.yaml")  // a worker has its own
        write("parts/password.txt", "another-password\n");
    const LoadResult there = load_bundle(bundle, environment);
    ASSERT_NE(there.workflow, nullptr) << listed(there.problems);
    EXPECT_EQ(there.workflow->hash, here.workflow->hash);
    EXPECT_EQ(there.workflow->name, here.workflow->name);
    EXPECT_EQ(there.problems.size(), here.problems.size());
}

class GoodBundle : public testing::TestWithParam<fs::path> {};
class ExampleBundle : public testing::TestWithParam<fs::path> {};
class BadBundle : public testing::TestWithParam<fs::path> {};

TEST_P(GoodBundle, loads_alike_in_an_empty_folder) {
    loads_alike_elsewhere(GetParam(), test_environment());
}

TEST_P(ExampleBundle, loads_alike_in_an_empty_folder) {
    loads_alike_elsewhere(GetParam(), example_environment());
}

TEST_P(BadBundle, has_the_problems_of_the_workflow) {
    const BundleResult result = bundle_workflow(GetParam(), test_environment());
    EXPECT_FALSE(result.bundle);
    EXPECT_EQ(listed(result.problems), listed(load_workflow(GetParam(), test_environment()).problems));
}

std::string file_name(const testing::TestParamInfo<fs::path>& info) {
    return info.param.stem().string();
}

std::string folder_name(const testing::TestParamInfo<fs::path>& info) {
    std::string name = info.param.parent_path().filename().string();
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
}

INSTANTIATE_TEST_SUITE_P(Files, GoodBundle, testing::ValuesIn(yaml_files("good")), file_name);
INSTANTIATE_TEST_SUITE_P(Examples, ExampleBundle, testing::ValuesIn(examples()), folder_name);
INSTANTIATE_TEST_SUITE_P(Structure, BadBundle, testing::ValuesIn(yaml_files("bad")), file_name);
INSTANTIATE_TEST_SUITE_P(Yaml, BadBundle, testing::ValuesIn(yaml_files("bad-yaml")), file_name);
INSTANTIATE_TEST_SUITE_P(Meaning, BadBundle, testing::ValuesIn(yaml_files("bad-semantic")), file_name);

constexpr const char* reads_prompt = R"(version: 1
models: {m: {provider: scripted, answers: [{text: x}]}}
agents: {a: {model: m}}
steps: [{id: s, agent: a, prompt: {file: prompt.txt}}]
)";

TEST(Bundle, holds_every_kind_of_file_that_is_read) {
    const WorkflowBundle bundle = bundled(workflow_files("good") / "files.yaml", test_environment());
    EXPECT_EQ(bundle.main, "files.yaml");
    for (const char* path : {"files.yaml", "parts/models.yaml", "parts/answers.json", "prompts/question.txt",
                             "prompts/review.txt", "prompts/system.txt"}) {
        const auto holds = [&](const BundledFile& file) { return file.paths == std::vector<std::string>{path}; };
        const auto found = std::find_if(bundle.files.begin(), bundle.files.end(), holds);
        ASSERT_NE(found, bundle.files.end()) << path;
        EXPECT_EQ(found->text, contents(workflow_files("good") / path));
    }
}

TEST(Bundle, holds_files_outside_of_the_main_files_folder) {
    const test::TemporaryFolder folder;
    const fs::path absolute = folder.path() / "else/agents.yaml";
    write(folder.path() / "flows/one/main.yaml",
          "version: 1\n"
          "include: [../../shared/models.yaml, " +
              absolute.string() +
              "]\n"
              "steps: [{id: s, agent: a, prompt: x}, {id: t, agent: b, prompt: x}]\n");
    write(folder.path() / "shared/models.yaml",
          "include: ../shared/deeper/a.yaml\n"
          "models: {m: {provider: scripted, file: answers.yaml}}\n");
    write(folder.path() / "shared/answers.yaml", "- {text: x}\n");
    write(folder.path() / "shared/deeper/a.yaml", "agents: {a: {model: m, system: {file: ../../system.txt}}}\n");
    write(folder.path() / "system.txt", "Be brief.");
    write(absolute, "agents: {b: {model: m, system: {file: system.txt}}}\n");
    write(folder.path() / "else/system.txt", "Be long.");
    std::vector<std::string> expected{"main.yaml",
                                      "../../shared/models.yaml",
                                      "../../shared/deeper/a.yaml",
                                      "../../shared/answers.yaml",
                                      "../../system.txt",
                                      absolute.string(),
                                      (folder.path() / "else/system.txt").string()};
    std::sort(expected.begin(), expected.end());
    const fs::path main = folder.path() / "flows/one/main.yaml";
    EXPECT_EQ(paths_in(bundled(main)), expected);
    const Elsewhere elsewhere;
    const WorkflowBundle from_another_folder = bundled(main.lexically_relative(fs::current_path()));
    EXPECT_EQ(paths_in(from_another_folder), expected);
    fs::remove_all(folder.path());
    const LoadResult loaded = load_bundle(sent(from_another_folder), variables({}));
    ASSERT_NE(loaded.workflow, nullptr) << listed(loaded.problems);
    EXPECT_EQ(loaded.workflow->agents.at("a").system, "Be brief.");
    EXPECT_EQ(loaded.workflow->agents.at("b").system, "Be long.");
}

TEST(Bundle, knows_one_file_by_all_its_names) {
    const test::TemporaryFolder folder;
    write(folder.path() / "main.yaml",
          "version: 1\n"
          "include: [one.yaml, two.yaml]\n"
          "steps: [{id: s, workflow: inner.yaml}, {id: t, workflow: again.yaml}]\n");
    write(folder.path() / "one.yaml", "models: {m: {provider: scripted, answers: [{text: x}]}}\n");
    fs::create_symlink("one.yaml", folder.path() / "two.yaml");
    write(folder.path() / "inner.yaml", reads_prompt);
    write(folder.path() / "prompt.txt", "x");
    fs::create_symlink("inner.yaml", folder.path() / "again.yaml");
    ASSERT_NE(load_workflow(folder.path() / "main.yaml").workflow, nullptr);
    const WorkflowBundle bundle = sent(bundled(folder.path() / "main.yaml"));
    EXPECT_EQ(bundle.files.size(), 4U);
    const Elsewhere elsewhere;
    EXPECT_NE(load_bundle(bundle, variables({})).workflow, nullptr);
}

TEST(Bundle, reads_no_file_that_is_not_in_it) {
    const test::TemporaryFolder folder;
    write(folder.path() / "main.yaml", reads_prompt);
    write(folder.path() / "prompt.txt", "x");
    WorkflowBundle bundle = bundled(folder.path() / "main.yaml");
    ASSERT_EQ(bundle.files.size(), 2U);
    bundle.files.pop_back();
    const Elsewhere elsewhere;
    write("prompt.txt", "x");
    const LoadResult loaded = load_bundle(bundle, variables({}));
    EXPECT_EQ(loaded.workflow, nullptr);
    EXPECT_EQ(listed(loaded.problems),
              "main.yaml:4:42: steps[0].prompt.file: file 'prompt.txt': it is not in the bundle\n");
    bundle.files.clear();
    EXPECT_EQ(listed(load_bundle(bundle, variables({})).problems),
              "main.yaml: the file can't be read: it is not in the bundle\n");
}

TEST(Bundle, is_refused_where_the_variables_give_another_workflow) {
    const test::TemporaryFolder folder;
    write(
        folder.path() / "main.yaml",
        "version: 1\n"
        "models: {m: {provider: openai, base_url: \"${PLACE}/v1\", model: \"${WHICH:-m}\", api_key: \"${TOKEN:-}\"}}\n"
        "agents: {a: {model: m}}\n"
        "steps: [{id: s, agent: a, prompt: x}]\n");
    const WorkflowBundle bundle = sent(bundled(
        folder.path() / "main.yaml", variables({{"PLACE", "http://127.0.0.1:1"}, {"TOKEN", "the-first-token"}})));
    // A key makes no other workflow.
    EXPECT_NE(load_bundle(bundle, variables({{"PLACE", "http://127.0.0.1:1"}, {"TOKEN", "the-second-token"}})).workflow,
              nullptr);
    const LoadResult other = load_bundle(bundle, variables({{"PLACE", "http://127.0.0.1:2"}}));
    EXPECT_EQ(other.workflow, nullptr);
    EXPECT_EQ(listed(other.problems),
              "main.yaml: the variables of this machine give another workflow than the one that was bundled; give "
              "those that it uses the same values on both machines: PLACE, TOKEN, WHICH\n");
    const LoadResult missing = load_bundle(bundle, variables({}));
    EXPECT_EQ(missing.workflow, nullptr);
    EXPECT_EQ(listed(missing.problems),
              "main.yaml:2:42: models.m.base_url: variable PLACE is not set and has no default\n");
}

TEST(Bundle, is_refused_where_its_files_were_changed) {
    const test::TemporaryFolder folder;
    write(folder.path() / "main.yaml", reads_prompt);
    write(folder.path() / "prompt.txt", "x");
    WorkflowBundle bundle = bundled(folder.path() / "main.yaml");
    bundle.files.back().text = "y";
    const LoadResult loaded = load_bundle(bundle, variables({}));
    EXPECT_EQ(loaded.workflow, nullptr);
    EXPECT_EQ(listed(loaded.problems),
              "main.yaml: the bundle gives another workflow here than where it was made, and it uses no variables; "
              "run the same version of enough on both machines\n");
}

TEST(Bundle, holds_no_secret_and_no_value_of_a_variable) {
    const auto files = workflow_files("good");
    std::string password = contents(files / "parts/password.txt");
    while (password.ends_with('\n'))
        password.pop_back();
    ASSERT_FALSE(password.empty());
    const std::string secrets = to_json(bundled(files / "secrets.yaml", test_environment()));
    for (const std::string& value : {password, std::string("s3cret-value")})
        EXPECT_EQ(secrets.find(value), std::string::npos);
    const auto telling = variables({{"TEXT", "hello-from-here"}, {"NUMBER", "12"}, {"SHARE", "7"}, {"EMPTY", ""}});
    const auto result = bundle_workflow(files / "variables.yaml", telling);
    ASSERT_TRUE(result.bundle) << listed(result.problems);
    EXPECT_EQ(to_json(*result.bundle).find("hello-from-here"), std::string::npos);
}

TEST(Bundle, reads_secrets_from_the_files_of_the_machine_it_is_loaded_on) {
    const WorkflowBundle bundle = bundled(workflow_files("good") / "secrets.yaml", test_environment());
    const Elsewhere elsewhere;
    const LoadResult without = load_bundle(bundle, test_environment());
    EXPECT_EQ(without.workflow, nullptr);
    EXPECT_NE(listed(without.problems).find("file 'parts/password.txt': there is no such file"), std::string::npos)
        << listed(without.problems);
}

TEST(Bundle, of_more_than_it_may_hold_is_not_made) {
    const test::TemporaryFolder folder;
    std::string agents;
    for (int i = 0; i < 17; ++i) {
        const std::string name = "prompt" + std::to_string(i);
        write(folder.path() / name, std::string(1'000'000, 'x'));
        agents += "  a" + std::to_string(i) + ": {model: m, system: {file: " + name + "}}\n";
    }
    write(folder.path() / "main.yaml",
          "version: 1\n"
          "models: {m: {provider: scripted, answers: [{text: x}]}}\n"
          "agents:\n" +
              agents + "steps: [{id: s, agent: a0, prompt: x}]\n");
    const BundleResult result = bundle_workflow(folder.path() / "main.yaml");
    EXPECT_FALSE(result.bundle);
    ASSERT_EQ(result.problems.size(), 1U) << listed(result.problems);
    EXPECT_EQ(result.problems[0].message,
              "a bundle can't be made of this workflow, since it holds more than 16777216 bytes of text");
}

TEST(Bundle, of_a_file_that_is_missing_says_so) {
    for (const char* name : {"", "no/such.yaml", "/"}) {
        const BundleResult result = bundle_workflow(name);
        EXPECT_FALSE(result.bundle);
        EXPECT_EQ(listed(result.problems), listed(load_workflow(name).problems)) << name;
    }
}

}  // namespace
}  // namespace enough
