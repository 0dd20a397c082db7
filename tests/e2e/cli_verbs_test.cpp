// The other verbs, and what the program says to people who make mistakes.

#include "support/program.hpp"
#include "support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <sstream>

namespace enough::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr const char* scripted = R"yaml(version: 1
name: scripted
inputs: {question: {type: string}, count: {type: integer, default: 2}}
models: {m: {provider: scripted, answers: [{text: "42", entropy: 0.3}]}}
agents: {a: {model: m}}
gates: {sure: {signal: entropy.mean, accept: 0.5}}
steps: [{id: s, prompt: "{{ inputs.question }}", agent: a, gate: sure}]
)yaml";

class Cli : public testing::Test {
protected:
    Program::Ended call(const std::vector<std::string>& arguments) const {
        return Program(ENOUGH_PROGRAM, arguments, {}, folder_.path().string()).wait();
    }

    std::string write(const std::string& name, const std::string& text) const {
        std::ofstream(folder_.file(name)) << text;
        return name;
    }

    TemporaryFolder folder_;
};

TEST_F(Cli, ChecksAGoodFile) {
    const auto ended = call({"check", write("good.yaml", scripted)});
    EXPECT_EQ(ended.code, 0) << ended.out;
    EXPECT_THAT(ended.out, HasSubstr("good.yaml: ok"));
    EXPECT_THAT(ended.out, HasSubstr("uncalibrated"));
}

TEST_F(Cli, ChecksABadFileAsJson) {
    std::string text = scripted;
    text.replace(text.find("agents:"), 6, "agnets");
    const auto ended = call({"check", write("bad.yaml", text), "--format", "json"});
    EXPECT_EQ(ended.code, 2);
    const json problems = json::parse(ended.out);
    EXPECT_EQ(problems["ok"], false);
    EXPECT_EQ(problems["problems"][0]["line"], 5);
    EXPECT_THAT(problems["problems"][0]["message"].get<std::string>(), HasSubstr("did you mean 'agents'"));
}

TEST_F(Cli, RunsWithTypedInputsAndFiles) {
    write("question.txt", "What is 6 * 7?");
    const auto ended = call({"run", write("w.yaml", scripted), "-i", "question=@question.txt", "-i", "count=3", "-q"});
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_EQ(ended.out, "42\n");
}

TEST_F(Cli, RefusesBadInputsAllAtOnce) {
    const std::string file = write("w.yaml", scripted);
    const auto ended = call({"run", file, "-i", "qestion=x", "-i", "count=three"});
    EXPECT_EQ(ended.code, 2);
    EXPECT_THAT(ended.err, HasSubstr("did you mean 'question'"));
    EXPECT_THAT(ended.err, HasSubstr("count"));
    EXPECT_EQ(call({"run", file, "-i", "question=a", "-i", "question=b"}).code, 2);
    EXPECT_EQ(call({"run", file, "-i", "question"}).code, 2);
    EXPECT_EQ(call({"run", file, "-i", "question=@nowhere.txt"}).code, 2);
}

TEST_F(Cli, AnswersScriptsInJsonEvenWhenTheFileIsBad) {
    const auto ended = call({"run", write("bad.yaml", "version: 1\nnonsense: true\n"), "--json"});
    EXPECT_EQ(ended.code, 2);
    const json answer = json::parse(ended.out);
    EXPECT_TRUE(answer["error"].is_object());
    EXPECT_GE(answer["problems"].size(), 1U);
    const auto missing = call({"run", "not-there.yaml", "--json"});
    EXPECT_EQ(missing.code, 2);
    EXPECT_THAT(missing.out, HasSubstr("not-there.yaml"));
}

TEST_F(Cli, PrintsTheSchemaAsJson) {
    const auto ended = call({"schema"});
    EXPECT_EQ(ended.code, 0);
    EXPECT_EQ(json::parse(ended.out)["$schema"], "http://json-schema.org/draft-07/schema#");
}

TEST_F(Cli, DrawsAGraph) {
    const auto ended = call({"graph", write("w.yaml", scripted)});
    EXPECT_EQ(ended.code, 0);
    EXPECT_THAT(ended.out, testing::StartsWith("flowchart TD\n"));
    EXPECT_THAT(ended.out, HasSubstr("a (m), accept if entropy.mean #lt;= 0.5"));
}

TEST_F(Cli, DrawsAGraphWhereVariablesAreNotSet) {
    const auto ended = call({"graph", write("w.yaml", R"yaml(version: 1
inputs: {question: {type: string}}
models:
  m: {provider: openai, base_url: "${NOT_SET_URL}", model: "${NOT_SET_MODEL:?name a model}", api_key: "${NOT_SET_KEY}"}
agents: {a: {model: m, temperature: "${NOT_SET}"}, b: {model: "${NOT_SET}"}}
gates: {sure: {signal: entropy.mean, accept: 0.5}}
steps:
  - {id: s, prompt: "${NOT_SET} {{ inputs.question }}", ladder: [{agent: a, gate: sure}, {agent: b}]}
)yaml")});
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_EQ(ended.err, "");
    EXPECT_THAT(ended.out, HasSubstr("a (m), accept if entropy.mean #lt;= 0.5"));
    EXPECT_THAT(ended.out, HasSubstr("\"b"));
    EXPECT_EQ(call({"check", "w.yaml"}).code, 2);
    EXPECT_EQ(call({"graph", write("bad.yaml", "version: 1\nsteps: [{id: s, agent: a, prompt: x}]\n")}).code, 2);
}

TEST_F(Cli, IsQuietAboutWarningsToo) {
    const std::vector<std::string> run{"run", write("w.yaml", scripted), "-i", "question=x"};
    EXPECT_THAT(call(run).err, HasSubstr("uncalibrated"));
    auto quiet = run;
    quiet.push_back("-q");
    const auto ended = call(quiet);
    EXPECT_EQ(ended.out, "42\n");
    EXPECT_EQ(ended.err, "");
    EXPECT_THAT(call({"run", write("bad.yaml", "version: 1\n"), "-q"}).err, HasSubstr("'steps' is missing"));
}

TEST_F(Cli, ShowsTheRoundsOfADebate) {
    const auto ended = call({"run", write("w.yaml", R"yaml(version: 1
models:
  one: {provider: scripted, answers: [{text: "41"}, {text: "42"}]}
  two: {provider: scripted, answers: [{text: "42"}, {text: "42"}]}
agents: {a: {model: one, answer: {extract: number}}, b: {model: two, answer: {extract: number}}}
steps: [{id: s, prompt: "6 * 7?", panel: {agents: [a, b], aggregate: debate, rounds: 2}}]
)yaml")});
    EXPECT_EQ(ended.out, "42\n") << ended.err;
    EXPECT_THAT(ended.err, HasSubstr("member 0 round 1/2"));
    EXPECT_THAT(ended.err, HasSubstr("member 1 round 2/2"));
    EXPECT_THAT(ended.err, testing::ContainsRegex("panel +round 2 "));
}

TEST_F(Cli, WritesAStarterOnce) {
    EXPECT_EQ(call({"init"}).code, 0);
    const auto again = call({"init"});
    EXPECT_EQ(again.code, 2);
    EXPECT_THAT(again.err, HasSubstr("exists"));
    const auto checked = Program(ENOUGH_PROGRAM, {"check", "workflow.yaml"}, {{"ENOUGH_MODEL", "/tmp/some.gguf"}},
                                 folder_.path().string())
                             .wait();
    EXPECT_EQ(checked.code, 0) << checked.out;
}

TEST_F(Cli, ExplainsBadUse) {
    EXPECT_EQ(call({}).code, 2);
    const auto mistyped = call({"rnu"});
    EXPECT_EQ(mistyped.code, 2);
    EXPECT_THAT(mistyped.err,
                HasSubstr("unknown verb 'rnu'; there are check, run, batch, worker, calibrate, eval, regate, "
                          "serve, doctor, schema, graph, init"));
    EXPECT_EQ(call({"check"}).code, 2);
    EXPECT_EQ(call({"check", "--nonsense"}).code, 2);
    const auto help = call({"run", "--help"});
    EXPECT_EQ(help.code, 0);
    EXPECT_THAT(help.out, HasSubstr("NAME=VALUE"));
    EXPECT_THAT(call({"--version"}).out, testing::StartsWith("enough "));
}

TEST_F(Cli, SaysWhenTheLogCannotBeWritten) {
    const auto ended =
        call({"run", write("w.yaml", scripted), "-i", "question=x", "--events", "no/such/folder/e.jsonl"});
    EXPECT_EQ(ended.code, 2);
    EXPECT_THAT(ended.err, HasSubstr("no/such/folder/e.jsonl"));
}

}  // namespace
}  // namespace enough::test
