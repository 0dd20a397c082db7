// Graders that need no help, and those that ask a model. Those that start a program: grading_program_test.cpp.

#include "orchestrator/graded.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <memory>

namespace enough::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

/// Says what it is told to, and keeps what it was asked.
class Judge : public Agent {
public:
    explicit Judge(std::vector<Result<Answer>> replies) : replies_(std::move(replies)) {}

    Task<Result<Answer>> ask(Request request) override {
        asked.push_back(std::move(request));
        co_return replies_.at(std::min(asked.size(), replies_.size()) - 1);
    }

    std::vector<Request> asked;

private:
    std::vector<Result<Answer>> replies_;
};

Answer reply(const std::string& text) {
    Answer answer;
    answer.text = text;
    answer.usage = {.input_tokens = 30, .output_tokens = 2};
    return answer;
}

std::shared_ptr<const Workflow> judged_workflow() {
    static const auto workflow = parse_workflow(R"yaml(
version: 1
name: judged
inputs: {question: {type: string}}
models:
  m: {provider: openai, model: m-1, price: {input: 1000000, output: 2000000}}
agents:
  a: {model: m}
  critic: {model: m, system: "You are strict.", temperature: 0, max_tokens: 7}
steps: [{id: s, prompt: "{{ inputs.question }}", agent: a}]
)yaml");
    return workflow;
}

struct Judged {
    explicit Judged(std::vector<Result<Answer>> replies, const std::string& prompt = {}) {
        auto agent = std::make_unique<Judge>(std::move(replies));
        judge = agent.get();
        agents.emplace("m", std::move(agent));
        settings.grader = GraderKind::judge;
        settings.agent = "critic";
        settings.prompt = prompt;
        grader.emplace(*judged_workflow(), settings, agents);
    }

    std::string outcome(const std::optional<std::string>& output, const std::string& id = "a") {
        return run(outcome_of(*grader, graded_item(id), output));
    }

    Agents agents;
    Judge* judge = nullptr;
    EvalSettings settings;
    std::optional<OutputGrader> grader;
};

TEST(OutputGrader, GradesAloneWithoutAModel) {
    const Agents nobody;
    EvalSettings settings;
    settings.grader = GraderKind::number;
    OutputGrader grader(*judged_workflow(), settings, nobody);
    EXPECT_EQ(run(outcome_of(grader, graded_item(), "it is 42.0")), "right");
    EXPECT_EQ(run(outcome_of(grader, graded_item(), "it is 43")), "wrong");
    EXPECT_EQ(run(outcome_of(grader, graded_item(), std::nullopt)), "wrong");
    EXPECT_TRUE(OutputGrader::pure(settings));
    settings.grader = GraderKind::judge;
    EXPECT_FALSE(OutputGrader::pure(settings));
}

TEST(OutputGrader, TellsTheJudgeAllOfIt) {
    Judged judged({reply("yes")});
    EXPECT_EQ(judged.outcome("forty-two"), "right");
    ASSERT_EQ(judged.judge->asked.size(), 1U);
    const Request& asked = judged.judge->asked.front();
    ASSERT_EQ(asked.messages.size(), 2U);
    EXPECT_EQ(asked.messages[0], (Message{Role::system, "You are strict."}));
    EXPECT_EQ(asked.messages[1].role, Role::user);
    EXPECT_THAT(asked.messages[1].content,
                AllOf(HasSubstr("6 * 7?"), HasSubstr("42"), HasSubstr("forty-two"), HasSubstr("yes or no")));
    EXPECT_EQ(asked.sampling.temperature, 0.0);
    EXPECT_EQ(asked.sampling.max_tokens, 7);
    EXPECT_EQ(asked.top_logprobs, 0) << "nobody looks at its evidence";
}

TEST(OutputGrader, AsksInTheWorkflowsWords) {
    Judged judged({reply("no")}, "Is {{ output }} what {{ expected }} means? ({{ inputs.question }})");
    EXPECT_EQ(judged.outcome("{{ expected }}"), "wrong");
    EXPECT_EQ(judged.judge->asked.front().messages.back().content, "Is {{ expected }} what 42 means? (6 * 7?)")
        << "what a model wrote is no template";
}

struct Reply {
    const char* text;
    const char* outcome;
};

class Replies : public testing::TestWithParam<Reply> {};

TEST_P(Replies, AreReadByTheirLastYesOrNo) {
    Judged judged({reply(GetParam().text)});
    EXPECT_EQ(judged.outcome("41"), GetParam().outcome);
}

constexpr const char* neither = "the judge said neither yes nor no";

INSTANTIATE_TEST_SUITE_P(Of, Replies,
                         testing::Values(Reply{"yes", "right"}, Reply{"No.", "wrong"}, Reply{"**YES**", "right"},
                                         Reply{"\nno\n", "wrong"}, Reply{"No, wait: 42 is 42. Yes", "right"},
                                         Reply{"One might say yes, but: no!", "wrong"}, Reply{"yes/no: yes", "right"},
                                         Reply{"", neither}, Reply{"I know nothing of noses", neither},
                                         Reply{"yesterday", neither}, Reply{"maybe", neither}));

TEST(OutputGrader, SaysHowAJudgeFailed) {
    Failure failure;
    failure.kind = FailureKind::server_error;
    failure.message = "status 500";
    Judged judged({failure, reply("yes")});
    EXPECT_EQ(judged.outcome("42"), "the judge failed: status 500");
    EXPECT_EQ(judged.outcome("42"), "right") << "a failure is not remembered as a grade";
}

TEST(OutputGrader, GradesEqualOutputsOfAnItemOnce) {
    Judged judged({reply("yes"), reply("no"), reply("no")});
    EXPECT_EQ(judged.outcome("42"), "right");
    EXPECT_EQ(judged.outcome("42"), "right");
    EXPECT_EQ(judged.judge->asked.size(), 1U);
    EXPECT_EQ(judged.outcome("41"), "wrong");
    EXPECT_EQ(judged.outcome("42", "b"), "wrong") << "another item is another question";
    EXPECT_EQ(judged.judge->asked.size(), 3U);
}

TEST(OutputGrader, NeverAsksAboutNoOutput) {
    Judged judged({reply("yes")});
    EXPECT_EQ(judged.outcome(std::nullopt), "wrong");
    EXPECT_TRUE(judged.judge->asked.empty());
}

TEST(OutputGrader, CountsWhatItsJudgeUses) {
    Judged judged({reply("yes"), reply("what?")});
    judged.outcome("42");
    judged.outcome("41");
    EXPECT_EQ(judged.grader->used().input_tokens, 60);
    EXPECT_EQ(judged.grader->used().output_tokens, 4);
    EXPECT_DOUBLE_EQ(judged.grader->used_usd(), 60 * 1.0 + 4 * 2.0);
}

TEST(OutputGrader, RefusesSettingsThatCannotWork) {
    const Agents nobody;
    const auto fault = [&](const EvalSettings& settings) -> std::string {
        try {
            const OutputGrader grader(*judged_workflow(), settings, nobody);
        } catch (const std::invalid_argument& refused) {
            return refused.what();
        }
        return "no fault";
    };
    EvalSettings settings;
    settings.grader = GraderKind::judge;
    EXPECT_THAT(fault(settings), HasSubstr("needs an agent"));
    settings.agent = "nobody";
    EXPECT_THAT(fault(settings), HasSubstr("needs an agent"));
    settings.agent = "critic";
    settings.prompt = "{{ output";
    EXPECT_THAT(fault(settings), HasSubstr("eval.prompt"));
    settings.grader = GraderKind::command;
    EXPECT_THAT(fault(settings), HasSubstr("needs a program"));
}

}  // namespace
}  // namespace enough::test
