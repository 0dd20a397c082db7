// What the loader makes of steps that hold other steps, sub-workflows and tools.
#include "workflow_files.hpp"

#include <enough/workflows/load.hpp>
#include <enough/workflows/workflow.hpp>

#include "support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace enough {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

std::string listed(const LoadResult& result) {
    std::string text;
    for (const Problem& problem : result.problems)
        text += to_string(problem) + "\n";
    return text;
}

std::shared_ptr<const Workflow> good(const std::string& name) {
    const LoadResult result = load_workflow(workflow_files("good") / name, test_environment());
    if (!result.workflow) throw std::runtime_error(listed(result));
    return result.workflow;
}

LoadResult load(const std::string& text) {
    return load_workflow_text(text, "test.yaml", test_environment());
}

const std::string head =
    "version: 1\ninputs: {list: {type: list, default: []}}\nmodels:\n"
    "  m: {provider: scripted, answers: [{text: a}]}\nagents:\n  a: {model: m}\n  b: {model: m}\nsteps:\n";

std::shared_ptr<const Workflow> with_steps(const std::string& steps) {
    const LoadResult result = load(head + steps);
    if (!result.workflow) throw std::runtime_error(listed(result));
    return result.workflow;
}

const Step& step(const std::vector<Step>& steps, const std::string& id) {
    for (const Step& one : steps)
        if (one.id == id) return one;
    throw std::runtime_error("no step " + id);
}

template <class Body>
const Body& body(const Step& one) {
    return std::get<Body>(one.body);
}

template <class Body>
const Body& body(const Workflow& workflow, const std::string& id) {
    return body<Body>(step(workflow.steps, id));
}

TEST(Graph, a_body_in_place_becomes_one_step_of_the_same_id_that_keeps_what_belongs_to_a_pass) {
    const auto workflow = good("graph.yaml");
    const Step& outer = step(workflow->steps, "summaries");
    const auto& each = body<ForEach>(outer);
    EXPECT_EQ(each.items.text(), "inputs.documents");
    EXPECT_EQ(each.max_parallel, 4);
    ASSERT_THAT(each.steps, SizeIs(1));
    EXPECT_EQ(each.steps[0].id, "summaries");
    EXPECT_THAT(each.steps[0].needs, IsEmpty());
    EXPECT_EQ(each.steps[0].timeout, 60s);
    EXPECT_EQ(each.steps[0].on_error, OnError::go_on);
    EXPECT_EQ(outer.timeout, std::nullopt);
    EXPECT_EQ(outer.on_error, OnError::fail);
    EXPECT_EQ(outer.limits.calls, 50);
    EXPECT_EQ(each.steps[0].limits.calls, std::nullopt);
}

TEST(Graph, a_step_takes_its_failure_keys_itself) {
    const Step plan = step(good("graph.yaml")->steps, "plan");
    EXPECT_EQ(plan.timeout, 20s);
    EXPECT_EQ(plan.attempts, 3);
    EXPECT_EQ(plan.retry_delay, 100ms);
    EXPECT_EQ(plan.on_error, OnError::fallback);
    EXPECT_EQ(plan.fallback.text(), "no plan for {{ length(inputs.documents) }} documents");
    EXPECT_EQ(plan.limits.usd, 0.01);
    EXPECT_EQ(plan.limits.tokens, 5000);
    EXPECT_EQ(good("graph.yaml")->steps.back().attempts, 1);
}

TEST(Graph, a_written_list_stands_for_itself) {
    const auto workflow = good("graph.yaml");
    const auto& fixed = body<ForEach>(*workflow, "fixed");
    EXPECT_EQ(fixed.items.evaluate(json::object()), json::parse(R"(["red", 2, {"deep": [1, null]}])"));
    EXPECT_EQ(fixed.max_parallel, std::nullopt);
}

TEST(Graph, inner_steps_need_their_siblings_and_the_outer_step_needs_what_they_name_outside) {
    const auto workflow = with_steps(R"(
  - {id: one, agent: a, prompt: x}
  - {id: two, needs: [], agent: a, prompt: x}
  - id: three
    needs: []
    for_each: inputs.list
    steps:
      - {id: p, agent: a, prompt: x}
      - {id: q, agent: a, needs: [], prompt: "{{ steps.one.text }}"}
      - {id: r, agent: a, prompt: "{{ steps.p.text }}"}
  - {id: four, needs: [two], for_each: steps.three.items, agent: a, prompt: "{{ steps.one.text }}"}
)");
    const auto& inner = body<ForEach>(*workflow, "three").steps;
    EXPECT_THAT(inner[0].needs, IsEmpty());
    EXPECT_THAT(inner[1].needs, IsEmpty());
    EXPECT_THAT(inner[2].needs, ElementsAre(0U, 1U));
    EXPECT_THAT(step(workflow->steps, "three").needs, ElementsAre(0U));
    EXPECT_THAT(step(workflow->steps, "four").needs, ElementsAre(0U, 1U, 2U));
}

TEST(Graph, loops_and_switches_hold_their_steps) {
    const auto workflow = good("graph.yaml");
    const auto& rounds = body<Loop>(*workflow, "rounds");
    EXPECT_EQ(rounds.max, 10);
    EXPECT_EQ(rounds.until.text(), R"(steps.verdict.answer == "yes")");
    EXPECT_THAT(rounds.steps, SizeIs(2));
    const auto& polish = body<Loop>(step(body<ForEach>(*workflow, "chapters").steps, "polish"));
    EXPECT_EQ(polish.steps.at(0).id, "polish");

    const auto& route = body<Switch>(*workflow, "route");
    ASSERT_THAT(route.cases, SizeIs(3));
    EXPECT_EQ(route.cases[0].steps.at(0).id, "route");
    EXPECT_THAT(route.cases[1].steps, SizeIs(2));
    EXPECT_FALSE(route.cases[2].when);
    EXPECT_EQ(body<Approval>(route.cases[2].steps[0]).message.text(), "Go on with {{ steps.plan.text }}?");
    EXPECT_EQ(step(workflow->steps, "route").timeout, 30s);

    const auto& each_kind = body<ForEach>(*workflow, "each_kind");
    EXPECT_THAT(body<Switch>(each_kind.steps.at(0)).cases, SizeIs(2));
}

TEST(Graph, without_output_a_workflow_gives_what_its_last_step_gives) {
    const auto output = [](const std::string& last) {
        return with_steps("  - {id: s, " + last + "}\n")->output.text();
    };
    EXPECT_EQ(output("agent: a, prompt: x"), "{{ coalesce(steps.s.answer, steps.s.text) }}");
    EXPECT_EQ(output("panel: {agents: [a, b]}, prompt: x"), "{{ coalesce(steps.s.answer, steps.s.text) }}");
    EXPECT_EQ(output("for_each: inputs.list, agent: a, prompt: x"), "{{ steps.s.output }}");
    EXPECT_EQ(output("loop: {max: 2, until: \"true\"}, agent: a, prompt: x"), "{{ steps.s.output }}");
    EXPECT_EQ(output("approve: x"), "{{ steps.s.output }}");
}

TEST(Graph, each_step_visits_the_inner_ones_too) {
    std::vector<std::string> ids;
    each_step(good("graph.yaml")->steps, [&](const Step& one) { ids.push_back(one.id); });
    EXPECT_THAT(
        ids, ElementsAre("plan", "summaries", "summaries", "fixed", "fixed", "chapters", "draft", "polish", "polish",
                         "side", "joined", "rounds", "write", "verdict", "route", "route", "first", "second", "route",
                         "each_kind", "each_kind", "each_kind", "each_kind", "ask", "end", "end"));
}

TEST(SubWorkflows, are_read_once_and_given_typed_arguments) {
    const auto workflow = good("sub_workflows.yaml");
    const auto& one = body<SubWorkflow>(*workflow, "one");
    const auto& two = body<SubWorkflow>(body<ForEach>(*workflow, "two").steps.at(0));
    EXPECT_EQ(one.workflow, two.workflow);
    EXPECT_EQ(one.workflow->name, "inner");
    ASSERT_THAT(one.arguments, SizeIs(2));
    EXPECT_EQ(one.arguments[0].input, "question");
    EXPECT_EQ(one.arguments[0].value->text(), " inputs.question ");
    EXPECT_EQ(one.arguments[1].value->evaluate({}), json(true));
    ASSERT_THAT(two.arguments, SizeIs(3));
    EXPECT_FALSE(two.arguments[0].value);
    EXPECT_EQ(two.arguments[0].text.text(), "Item {{ item }} of {{ steps.one.output }}");
    EXPECT_EQ(two.arguments[2].value->evaluate({}), json::parse(R"({"depth": 3, "words": ["a", "b"]})"));
    EXPECT_EQ(step(workflow->steps, "one").on_error, OnError::go_on);
    EXPECT_EQ(step(workflow->steps, "one").limits.tokens, 100);
}

TEST(SubWorkflows, their_models_have_keys_of_their_own_only_where_they_differ) {
    const auto workflow = good("sub_workflows.yaml");
    const auto models = models_in(*workflow);
    std::vector<std::string> keys;
    for (const auto& [key, model] : models) {
        keys.push_back(key);
        EXPECT_EQ(model->key, key);
    }
    EXPECT_THAT(keys, ElementsAre("inner-2/prepared", "inner/prepared", "more", "prepared"));
    const auto& three = *body<SubWorkflow>(*workflow, "three").workflow;
    EXPECT_EQ(three.models.at("prepared").key, "prepared");  // the same as outside
    EXPECT_EQ(std::get<ScriptedSettings>(models.at("inner-2/prepared")->provider).answers[0].text, "another");
}

TEST(SubWorkflows, change_the_hash_of_what_runs_them) {
    const test::TemporaryFolder folder;
    const auto hash = [&](const std::string& prompt) {
        std::ofstream(folder.file("inner.yaml")) << head << "  - {id: s, agent: a, prompt: " << prompt << "}\n";
        std::ofstream(folder.file("outer.yaml")) << "version: 1\nsteps:\n  - {id: s, workflow: inner.yaml}\n";
        const LoadResult result = load_workflow(folder.file("outer.yaml"), test_environment());
        return result.workflow ? result.workflow->hash : listed(result);
    };
    EXPECT_EQ(hash("x").size(), 64U);
    EXPECT_EQ(hash("x"), hash("x"));
    EXPECT_NE(hash("x"), hash("y"));
}

TEST(SubWorkflows, run_eight_deep) {
    const test::TemporaryFolder folder;
    const auto file = [&](int number) { return "w" + std::to_string(number) + ".yaml"; };
    for (int i = 0; i < 9; ++i)
        std::ofstream(folder.file(file(i))) << "version: 1\nsteps:\n  - {id: s, workflow: " << file(i + 1) << "}\n";
    std::ofstream(folder.file(file(9))) << head << "  - {id: s, agent: a, prompt: x}\n";
    EXPECT_THAT(listed(load_workflow(folder.file(file(0)), test_environment())),
                HasSubstr("workflows inside each other more than 8 deep"));
    EXPECT_EQ(listed(load_workflow(folder.file(file(1)), test_environment())), "");
}

TEST(SubWorkflows, a_limit_on_money_wants_their_prices_too) {
    const test::TemporaryFolder folder;
    std::ofstream(folder.file("inner.yaml"))
        << "version: 1\nmodels: {dear: {provider: openai, model: x}}\nagents: {a: {model: dear}}\n"
        << "steps:\n  - {id: s, agent: a, prompt: x}\n";
    std::ofstream(folder.file("outer.yaml"))
        << "version: 1\nlimits: {usd: 1}\nsteps:\n  - {id: t, workflow: inner.yaml}\n";
    EXPECT_THAT(listed(load_workflow(folder.file("outer.yaml"), test_environment())),
                HasSubstr("outer.yaml:4:3: steps: limits.usd can't be kept without the price of model 'dear' of the "
                          "workflow that step 't' runs"));
    std::ofstream(folder.file("outer.yaml"))
        << "version: 1\nsteps:\n  - {id: t, workflow: inner.yaml, limits: {usd: 1}}\n";
    EXPECT_THAT(listed(load_workflow(folder.file("outer.yaml"), test_environment())), HasSubstr("model 'dear'"));
}

TEST(Prices, are_wanted_of_judges_and_under_limits_of_a_step) {
    const std::string text =
        "version: 1\nmodels:\n  m: {provider: scripted, answers: [{text: a}]}\n  dear: {provider: openai, model: x}\n"
        "agents:\n  a: {model: m}\n  j: {model: dear}\nsteps:\n  - {id: s, prompt: x, ";
    const std::string judged = "panel: {agents: [a, a], aggregate: judge, judge: j}";
    EXPECT_THAT(listed(load(text + judged + "}\nlimits: {usd: 1}\n")),
                HasSubstr("test.yaml:4:9: models.dear: limits.usd"));
    EXPECT_THAT(listed(load(text + judged + ", limits: {usd: 1}}\n")), HasSubstr("models.dear: limits.usd"));
    EXPECT_EQ(listed(load(text + judged + ", limits: {calls: 1}}\n")), "");
    EXPECT_THAT(listed(load(text + "agent: a, gate: {signal: judge, judge: j, accept: 0.5}}\nlimits: {usd: 1}\n")),
                HasSubstr("models.dear: limits.usd"));
    EXPECT_EQ(listed(load(text + "agent: a, limits: {usd: 1}}\n")), "");
}

TEST(Tools, are_read_with_their_agents) {
    const auto workflow = good("tools.yaml");
    EXPECT_THAT(workflow->agents.at("searcher").tools, ElementsAre("files", "web"));
    EXPECT_EQ(workflow->agents.at("searcher").max_tool_rounds, 3);
    EXPECT_EQ(workflow->agents.at("typed").max_tool_rounds, 8);
    const ToolServerSettings& files = workflow->tools.at("files");
    EXPECT_THAT(files.command, ElementsAre("mcp-files", "--root", "/tmp"));
    EXPECT_EQ(files.environment, (std::map<std::string, std::string>{{"TOKEN", "hello"}, {"other_2", ""}}));
    EXPECT_THAT(files.allow, ElementsAre("read", "list"));
    EXPECT_EQ(files.timeout, 60s);
    EXPECT_EQ(workflow->tools.at("web").url, "https://127.0.0.1/mcp?tenant=1");
    EXPECT_EQ(workflow->tools.at("web").headers.at("Authorization"), "Bearer hello");
    EXPECT_EQ(workflow->tools.at("web").timeout, 5s);
    EXPECT_THAT(workflow->tools.at("local").command, ElementsAre("mcp-now"));
}

TEST(Tools, their_secrets_change_no_hash_and_stand_in_no_message) {
    const auto text = [](const std::string& secret, const std::string& key) {
        return head + "  - {id: s, agent: a, prompt: x}\ntools:\n  t: {command: x, environment: {K: " + secret +
               "}}\n  u: {url: \"http://x\", headers: {" + key + ": " + secret + "}}\n";
    };
    EXPECT_EQ(load(text("one", "A")).workflow->hash, load(text("two", "A")).workflow->hash);
    EXPECT_NE(load(text("one", "A")).workflow->hash, load(text("one", "B")).workflow->hash);
    EXPECT_THAT(listed(load(text("[sk-secret]", "A"))), Not(HasSubstr("sk-secret")));
}

TEST(Tools, models_hedge_and_script_their_calls) {
    const auto workflow = good("tools.yaml");
    const auto& server = std::get<OpenAiSettings>(workflow->models.at("server").provider);
    EXPECT_EQ(server.hedge->quantile, 0.95);
    EXPECT_EQ(server.hedge->after, std::nullopt);
    EXPECT_TRUE(server.logprobs);
    const auto& scripted = std::get<ScriptedSettings>(workflow->models.at("prepared").provider);
    EXPECT_EQ(scripted.hedge->after, 2s);
    EXPECT_EQ(scripted.limits.concurrency, 2);
    ASSERT_THAT(scripted.answers[0].tool_calls, SizeIs(2));
    EXPECT_EQ(scripted.answers[0].tool_calls[0], (ToolCall{"", "search", R"({"deep":[1],"query":"six times seven"})"}));
    EXPECT_EQ(scripted.answers[0].tool_calls[1], (ToolCall{"call_x", "fetch", R"({"url": )"}));
    EXPECT_EQ(scripted.answers[1].tool_calls[0], (ToolCall{"", "now", "{}"}));
    EXPECT_FALSE(std::get<OpenAiSettings>(good("no_logprobs.yaml")->models.at("blind").provider).logprobs);
}

TEST(Tools, answers_have_schemas) {
    const auto workflow = good("tools.yaml");
    EXPECT_EQ(workflow->agents.at("typed").schema->text(), R"({"minimum":1,"type":"integer"})");
    EXPECT_EQ(workflow->agents.at("filed").schema->fault(R"({"n": 3})"), std::nullopt);
    EXPECT_NE(workflow->agents.at("filed").schema->fault(R"({"n": -3})"), std::nullopt);
    EXPECT_FALSE(workflow->agents.at("searcher").schema);
}

}  // namespace
}  // namespace enough
