// What other thresholds would have decided on recorded calls. Logs and cassettes come from runs of scripted workflows.

#include "support/recorder.hpp"
#include "support/run.hpp"

#include <enough/agents/replay.hpp>
#include <enough/orchestrator/engine.hpp>
#include <enough/orchestrator/regate.hpp>
#include <enough/workflows/load.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <memory>
#include <stdexcept>

namespace enough::test {
namespace {

using testing::HasSubstr;

/// A workflow's runs, recorded both ways.
struct Recorded {
    std::shared_ptr<const Workflow> workflow;
    std::vector<Event> events;
    std::shared_ptr<Tape> tape = std::make_shared<Tape>();
    std::vector<DataItem> items;
};

Task<void> record_into(Recorded& recorded, std::vector<std::string> questions, asio::any_io_executor executor) {
    Agents agents;
    for (auto& [name, agent] : make_agents(*recorded.workflow, executor))
        agents.emplace(name, make_recording(std::move(agent), name,
                                            [tape = recorded.tape](RecordedCall call) { tape->add(std::move(call)); }));
    Engine engine(recorded.workflow, std::move(agents));
    for (const std::string& question : questions) {
        Recorder listener;
        RunOptions options;
        options.run_id = question;
        options.sinks.push_back(&listener);
        nlohmann::json inputs{{"question", question}};
        recorded.items.push_back({question, inputs, 1, static_cast<int>(recorded.items.size()) + 1});
        Task<RunState> running = engine.run(std::move(inputs), std::move(options));
        co_await std::move(running);
        recorded.events.insert(recorded.events.end(), listener.events().begin(), listener.events().end());
    }
}

Recorded record(const std::string& text, std::vector<std::string> questions) {
    Recorded recorded;
    recorded.workflow = parse_workflow(text);
    run_with([&](asio::any_io_executor executor) {
        return record_into(recorded, std::move(questions), std::move(executor));
    });
    return recorded;
}

std::string workflow_text(const std::string& small, const std::string& gate, const std::string& rest = "",
                          const std::string& refine = "refine: {max_steps: 3, prompt: Review it.}") {
    return R"yaml(
version: 1
name: regated
inputs: {question: {type: string}}
models:
  small: {provider: scripted, price: {input: 1000000, output: 2000000}, answers: [)yaml" +
           small + R"yaml(]}
  large: {provider: scripted, answers: [{text: "so 1", tokens: 9, input_tokens: 8, repeat: true}]}
agents:
  solver: {model: small, max_tokens: 10, answer: {extract: number}}
  expert: {model: large, answer: {extract: number}}
steps:
  - id: solve
    prompt: "{{ inputs.question }}"
    ladder:
      - {agent: solver, gate: {signal: entropy.mean, )yaml" +
           gate + "}, " + refine + R"yaml(}
      - {agent: expert, handover: fresh}
)yaml" + rest;
}

// easy: 0.5. hard: 1.5, 0.9, 0.4 bits, answers 7, 1, 7.
constexpr const char* script = R"({when: easy, text: "it is 1", entropy: 0.5, tokens: 4, input_tokens: 3, repeat: true},
    {when: hard, text: "it is 7", entropy: 1.5, tokens: 5, input_tokens: 3, repeat: true},
    {when: Review, text: "no, 1", entropy: 0.9, tokens: 6, input_tokens: 10},
    {when: Review, text: "no, 7", entropy: 0.4, tokens: 7, input_tokens: 20})";

const Recorded& easy_and_hard() {
    static const Recorded recorded = record(workflow_text(script, "accept: 1.0"), {"easy", "hard"});
    return recorded;
}

GateChange accept(std::vector<double> thresholds) {
    GateChange change;
    change.accept = std::move(thresholds);
    return change;
}

RegateLabels labels(const Recorded& recorded) {
    const auto grade = [](const nlohmann::json&, const std::optional<std::string>& answer) -> std::optional<bool> {
        return answer == "1";
    };
    return {recorded.workflow, grade};
}

std::vector<RegatedRun> by_events(const Recorded& recorded, const GateChange& change) {
    return regate_events(recorded.events, change, labels(recorded));
}

std::vector<RegatedRun> by_cassette(const Recorded& recorded, const GateChange& change) {
    return run(
        regate_cassette(recorded.workflow, recorded.tape, recorded.items, change, Grader::make(GraderKind::number)));
}

void expect_same(const RegateSide& a, const RegateSide& b) {
    EXPECT_EQ(a.verdict, b.verdict);
    EXPECT_EQ(a.chain_step, b.chain_step);
    EXPECT_EQ(a.answer, b.answer);
    EXPECT_EQ(a.input_tokens, b.input_tokens);
    EXPECT_EQ(a.output_tokens, b.output_tokens);
    EXPECT_EQ(a.usd, b.usd);
    EXPECT_EQ(a.right, b.right);
}

/// Both ways of recording tell the same.
class Regating : public testing::TestWithParam<bool> {
protected:
    static std::vector<RegatedRun> regate(const Recorded& recorded, const GateChange& change) {
        return GetParam() ? by_cassette(recorded, change) : by_events(recorded, change);
    }
};
INSTANTIATE_TEST_SUITE_P(Of, Regating, testing::Bool(),
                         [](const auto& instance) { return instance.param ? "Cassettes" : "Events"; });

TEST_P(Regating, ByTheSameThresholdChangesNothing) {
    const auto runs = regate(easy_and_hard(), accept({1.0}));
    ASSERT_EQ(runs.size(), 2U);
    for (const RegatedRun& run : runs) {
        ASSERT_TRUE(run.after) << run.unknown;
        expect_same(run.before, *run.after);
    }
    EXPECT_EQ(runs[0].step, "solve");
    EXPECT_EQ(runs[0].agent, "solver");
    EXPECT_EQ(runs[0].before.verdict, Verdict::accept);
    EXPECT_EQ(runs[1].before.verdict, Verdict::escalate);
    EXPECT_EQ(runs[1].before.chain_step, 3);
    EXPECT_EQ(runs[1].before.output_tokens, 5 + 6 + 7 + 9);
    EXPECT_EQ(runs[1].before.answer, "1") << "the expert's";
}

TEST_P(Regating, AcceptsEarlier) {
    const auto runs = regate(easy_and_hard(), accept({1.6}));
    const RegateSide& hard = runs.at(1).after.value();
    EXPECT_EQ(hard.verdict, Verdict::accept);
    EXPECT_EQ(hard.chain_step, 1);
    EXPECT_EQ(hard.reason, "entropy.mean 1.50 <= 1.60");
    EXPECT_EQ(hard.answer, "7");
    EXPECT_EQ(hard.right, false);
    EXPECT_EQ(hard.input_tokens, 3);
    EXPECT_EQ(hard.output_tokens, 5);
    EXPECT_DOUBLE_EQ(hard.usd.value(), 3 * 1 + 5 * 2);
    EXPECT_EQ(runs[1].before.right, true);
    EXPECT_DOUBLE_EQ(runs[1].before.usd.value(), 33 * 1 + 18 * 2) << "the expert costs nothing";
}

TEST_P(Regating, JudgesEachStepByItsOwnThreshold) {
    const auto second = regate(easy_and_hard(), accept({1.0, 1.0, 1.0})).at(1);
    ASSERT_TRUE(second.after) << second.unknown;
    EXPECT_EQ(second.after->verdict, Verdict::accept);
    EXPECT_EQ(second.after->chain_step, 2);
    EXPECT_EQ(second.after->answer, "1");
    EXPECT_EQ(second.after->output_tokens, 5 + 6);
    const auto third = regate(easy_and_hard(), accept({1.0, 0.8, 0.5})).at(1);
    ASSERT_TRUE(third.after) << third.unknown;
    EXPECT_EQ(third.after->chain_step, 3);
    EXPECT_EQ(third.after->right, false);
    const auto none = regate(easy_and_hard(), accept({1.0, 0.8, 0.3})).at(1);
    ASSERT_TRUE(none.after) << none.unknown;
    expect_same(none.before, *none.after);
}

TEST_P(Regating, SimulatesNoCall) {
    const Recorded recorded = record(workflow_text(script, "accept: 1.0"), {"easy"});
    const auto runs = regate(recorded, accept({0.4}));
    EXPECT_FALSE(runs.at(0).after);
    EXPECT_THAT(runs[0].unknown, testing::AllOf(HasSubstr("would ask"), HasSubstr("step 2")));
    EXPECT_EQ(runs[0].before.verdict, Verdict::accept);
    const auto report = regate_report(runs, accept({0.4}));
    EXPECT_EQ(report.at("summary").at("unknown"), 1);
    EXPECT_EQ(report.at("summary").at("known_after").at("accepted"), 0);
    EXPECT_TRUE(report.at("runs")[0].at("after").is_null());
}

TEST_P(Regating, EscalatesWhereTheUpperThresholdSaysSo) {
    GateChange change = accept({0.3});
    change.escalate = 1.4;
    const Recorded recorded = record(workflow_text(script, "accept: 1.0, escalate: 1.4"), {"hard"});
    const auto same = regate(recorded, accept({1.0})).at(0);
    ASSERT_TRUE(same.after) << "the upper threshold stays: " << same.unknown;
    expect_same(same.before, *same.after);
    change.escalate = 2;
    EXPECT_FALSE(regate(recorded, change).at(0).after) << "the second step was never asked for";
}

TEST_P(Regating, NeverAcceptsMissingEvidence) {
    const std::string silent =
        R"({text: "it is 1", tokens: 4}, {when: Review, text: "it is 1", tokens: 4, repeat: true})";
    for (const std::string missing : {"escalate", "refine", "fail"}) {
        const Recorded recorded = record(workflow_text(silent, "accept: 1.0, missing: " + missing), {"easy"});
        const auto runs = regate(recorded, accept({100}));
        ASSERT_TRUE(runs.at(0).after) << missing << ": " << runs[0].unknown;
        expect_same(runs[0].before, *runs[0].after);
        EXPECT_NE(runs[0].after->verdict, Verdict::accept);
        EXPECT_THAT(runs[0].after->reason, HasSubstr("no evidence"));
    }
}

TEST_P(Regating, FailsWhereMissingEvidenceIsToFail) {
    const std::string silent = R"({text: "it is 1", tokens: 4, input_tokens: 3})";
    const Recorded recorded = record(workflow_text(silent, "accept: 1.0"), {"easy"});
    GateChange change = accept({1.0});
    change.missing = OnMissing::fail;
    const auto run = regate(recorded, change).at(0);
    ASSERT_TRUE(run.after) << run.unknown;
    EXPECT_EQ(run.before.right, true) << "the expert's answer";
    EXPECT_EQ(run.after->verdict, Verdict::fail);
    EXPECT_EQ(run.after->answer, std::nullopt);
    EXPECT_EQ(run.after->right, false);
    EXPECT_EQ(run.after->output_tokens, 4);
}

TEST_P(Regating, GuessesNothingOfACallThatWasCut) {
    const std::string long_answer = R"({text: "it is 1", entropy: 2.0, tokens: 10})";
    const Recorded recorded = record(workflow_text(long_answer, "accept: 1.0, stop_early: provable", "", ""), {"hard"});
    const auto laxer = regate(recorded, accept({1.9})).at(0);
    EXPECT_FALSE(laxer.after);
    EXPECT_THAT(laxer.unknown, HasSubstr("cut at token 6"));
    const auto stricter = regate(recorded, accept({0.5})).at(0);
    ASSERT_TRUE(stricter.after) << stricter.unknown;
    EXPECT_EQ(stricter.after->verdict, Verdict::escalate);
    EXPECT_EQ(stricter.after->output_tokens, 6 + 9);
}

TEST_P(Regating, JudgesByAnotherSignal) {
    GateChange change = accept({1.6});
    change.signal = Signal::entropy_max;
    const auto runs = regate(easy_and_hard(), change);
    EXPECT_THAT(runs.at(1).after.value().reason, HasSubstr("entropy.max 1.50 <= 1.60"));
}

TEST_P(Regating, RefusesWhatIsNotThere) {
    GateChange other = accept({1.0});
    other.agent = "expert";
    EXPECT_THROW(regate(easy_and_hard(), other), std::invalid_argument) << "no gate";
    other.agent = "nobody";
    EXPECT_THROW(regate(easy_and_hard(), other), std::invalid_argument);
    EXPECT_THROW(regate(easy_and_hard(), accept({})), std::invalid_argument) << "no threshold";
    EXPECT_THROW(regate(Recorded{easy_and_hard().workflow}, accept({1.0})), std::invalid_argument)
        << "nothing recorded";
}

TEST(RegateEvents, CountsTheCallsOfOtherSteps) {
    const std::string check = R"yaml(
  - {id: check, agent: expert, prompt: "Is it {{ steps.solve.text }}?"}
)yaml";
    const Recorded recorded = record(workflow_text(script, "accept: 1.0", check), {"easy", "hard"});
    const auto same = by_events(recorded, accept({1.0}));
    ASSERT_TRUE(same.at(0).after) << same[0].unknown;
    expect_same(same[0].before, *same[0].after);
    EXPECT_EQ(same[0].after->output_tokens, 4 + 9);
    const auto other = by_events(recorded, accept({2.0}));
    EXPECT_FALSE(other.at(1).after) << "what the check would say of another answer was never asked";
    EXPECT_THAT(other[1].unknown, HasSubstr("other steps"));
}

TEST(RegateEvents, KnowsNothingAfterAnEarlierEscalation) {
    GateChange change = accept({1.0});
    change.escalate = 1.4;
    const auto runs = by_events(easy_and_hard(), change);
    EXPECT_FALSE(runs.at(1).after) << "the expert was asked after two more steps";
    EXPECT_THAT(runs[1].unknown, HasSubstr("would escalate after step 1"));
}

TEST(RegateEvents, NeedsACassetteForAnotherTopK) {
    GateChange change = accept({1.0});
    change.top_k = 5;
    EXPECT_THROW(by_events(easy_and_hard(), change), std::invalid_argument);
}

TEST(RegateEvents, KnowsNoPricesOrLabelsByItself) {
    const auto runs = regate_events(easy_and_hard().events, accept({1.0}), {});
    EXPECT_EQ(runs.at(0).before.usd, std::nullopt);
    EXPECT_EQ(runs[0].before.right, std::nullopt);
    const auto report = regate_report(runs, accept({1.0}));
    EXPECT_TRUE(report.at("summary").at("known_before").at("usd").is_null());
    EXPECT_TRUE(report.at("summary").at("known_before").at("accuracy").is_null());
}

TEST(RegateCassette, MeasuresByOtherCandidates) {
    // 20 candidates of 2 bits: of the 2 largest, which is less sure than it seems, at most 1 bit is left.
    const std::string wide = R"({text: "it is 1", entropy: 2.0, tokens: 4, repeat: true})";
    const Recorded recorded = record(workflow_text(wide, "accept: 1.0", "", ""), {"easy"});
    GateChange change = accept({1.0});
    change.top_k = 2;
    const auto runs = by_cassette(recorded, change);
    EXPECT_EQ(runs.at(0).before.verdict, Verdict::escalate);
    ASSERT_TRUE(runs[0].after) << runs[0].unknown;
    EXPECT_EQ(runs[0].after->verdict, Verdict::accept);
    change.top_k = 30;
    const auto more = by_cassette(recorded, change);
    EXPECT_FALSE(more.at(0).after) << "20 candidates were recorded, not 30";
    EXPECT_THAT(more[0].unknown, HasSubstr("not recorded"));
}

TEST(RegateCassette, LeavesOutItemsThatAreNotOnIt) {
    Recorded recorded = easy_and_hard();
    recorded.items.push_back({"other", {{"question", "other"}}, 1, 3});
    EXPECT_EQ(by_cassette(recorded, accept({1.0})).size(), 2U);
    recorded.items.erase(recorded.items.begin(), recorded.items.begin() + 2);
    EXPECT_THROW(by_cassette(recorded, accept({1.0})), std::invalid_argument);
}

TEST(RegateReport, SumsWhatIsKnownOnBothSides) {
    const GateChange change = accept({1.6});
    const auto report = regate_report(by_events(easy_and_hard(), change), change);
    EXPECT_EQ(report.at("accept"), nlohmann::ordered_json({1.6}));
    const auto& summary = report.at("summary");
    EXPECT_EQ(summary.at("runs"), 2);
    EXPECT_EQ(summary.at("changed"), 1);
    EXPECT_EQ(summary.at("unknown"), 0);
    EXPECT_EQ(summary.at("known_before").at("accepted"), 1);
    EXPECT_EQ(summary.at("known_after").at("accepted"), 2);
    EXPECT_EQ(summary.at("known_before").at("output_tokens"), 4 + 27);
    EXPECT_EQ(summary.at("known_after").at("output_tokens"), 4 + 5);
    EXPECT_DOUBLE_EQ(summary.at("known_before").at("accuracy"), 1);
    EXPECT_DOUBLE_EQ(summary.at("known_after").at("accuracy"), 0.5);
    EXPECT_DOUBLE_EQ(summary.at("known_after").at("usd"), (3 + 4 * 2) + (3 + 5 * 2));
}

}  // namespace
}  // namespace enough::test
