#include "workflow_files.hpp"

#include <enough/workflows/load.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace enough {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string all_problems(const LoadResult& result) {
    std::string text;
    for (const Problem& problem : result.problems)
        text += to_string(problem) + "\n";
    return text;
}

LoadResult load(const std::string& text, std::map<std::string, std::string> environment = {}) {
    return load_workflow_text(text, "test.yaml", variables(std::move(environment)));
}

/// Loads a workflow that must be in order.
std::shared_ptr<const Workflow> loaded(const std::string& text, std::map<std::string, std::string> environment = {}) {
    const LoadResult result = load(text, std::move(environment));
    EXPECT_NE(result.workflow, nullptr) << all_problems(result);
    return result.workflow ? result.workflow : std::make_shared<const Workflow>();
}

std::shared_ptr<const Workflow> good(const std::string& name) {
    const LoadResult result = load_workflow(workflow_files("good") / name, test_environment());
    EXPECT_NE(result.workflow, nullptr) << all_problems(result);
    return result.workflow ? result.workflow : std::make_shared<const Workflow>();
}

const std::string models =
    "version: 1\nmodels:\n  m: {provider: scripted, answers: [{text: a}]}\nagents:\n  a: {model: m}\n";

const AgentRung& rung(const Workflow& workflow, std::size_t step, std::size_t index) {
    return std::get<AgentRung>(std::get<Ladder>(workflow.steps.at(step).body).rungs.at(index));
}

TEST(Load, reads_every_part_of_a_model) {
    const auto workflow = good("cascade.yaml");
    const Model& large = workflow->models.at("large");
    const auto& settings = std::get<OpenAiSettings>(large.provider);
    EXPECT_EQ(settings.base_url, "http://127.0.0.1:8080/v1");
    EXPECT_TRUE(settings.api_key.empty());
    EXPECT_EQ(settings.model, "gpt-oss-120b");
    EXPECT_EQ(settings.headers, (std::map<std::string, std::string>{{"x-tenant", "blue"}, {"Accept-Language", "en"}}));
    EXPECT_EQ(settings.extra_body, R"({"reasoning":{"effort":"low"},"top_k":40})");
    EXPECT_EQ(settings.connection.ca_file, (workflow_files("good") / "certificates/bundle.pem").string());
    EXPECT_EQ(settings.max_tokens_field, "max_completion_tokens");
    EXPECT_EQ(settings.timeouts.total, 300s);
    EXPECT_EQ(settings.retry.delay, 500ms);
    EXPECT_EQ(settings.limits.tokens_per_minute, 200'000);
    EXPECT_EQ(large.price->cached_input, 0.075);
    const auto& small = std::get<LlamaSettings>(workflow->models.at("small").provider);
    EXPECT_EQ(small.path, (workflow_files("good") / "model.gguf").string());
    EXPECT_EQ(small.threads, 2);
}

TEST(Load, reads_servers_of_every_kind) {
    const auto workflow = good("servers.yaml");
    const auto& local = std::get<OpenAiSettings>(workflow->models.at("local").provider);
    EXPECT_EQ(local.profile, OpenAiProfile::llama_cpp);
    EXPECT_EQ(local.api, OpenAiApi::native);
    EXPECT_EQ(local.connection.unix_socket, (workflow_files("good") / "sockets/llama.sock").string());
    EXPECT_EQ(local.circuit->failures, 3);
    EXPECT_EQ(local.circuit->cooldown, 60s);
    EXPECT_EQ(local.retry.budget, 0.5);
    EXPECT_THAT(workflow->models.at("local").fallback, ElementsAre("plain", "claude"));
    EXPECT_EQ(workflow->models.at("local").evidence,
              (EvidencePin{20, true, LogprobMode::raw, ReasoningEvidence::covered, true, "m-1"}));
    EXPECT_FALSE(workflow->models.at("twin").evidence) << "a pin is of the model that was measured";
    const auto& plain = std::get<OpenAiSettings>(workflow->models.at("plain").provider);
    EXPECT_EQ(plain.profile, OpenAiProfile::openai);
    EXPECT_EQ(plain.api, OpenAiApi::responses);
    EXPECT_EQ(plain.circuit->failures, 10);
    EXPECT_EQ(plain.base_url, "");
    const auto& hosted = std::get<OpenAiSettings>(workflow->models.at("hosted").provider);
    EXPECT_EQ(hosted.base_url, "") << "the profile has an address of its own";
    const auto& proxied = std::get<OpenAiSettings>(workflow->models.at("proxied").provider);
    EXPECT_EQ(proxied.connection.proxy, "http://user:password@proxy.example.com:3128");
    const std::string certificate = (workflow_files("good") / "certificates/client.pem").string();
    EXPECT_EQ(proxied.connection.client_certificate, certificate);
    EXPECT_EQ(proxied.connection.client_key, certificate);
    EXPECT_FALSE(proxied.circuit);
    EXPECT_EQ(proxied.headers.at("x-tenant"), "hello");
    const auto& keyed = std::get<OpenAiSettings>(workflow->models.at("keyed").provider);
    EXPECT_EQ(keyed.connection.client_key, (workflow_files("good") / "certificates/key.pem").string());
    EXPECT_EQ(keyed.connection.client_certificate, certificate);
    EXPECT_EQ(keyed.connection.proxy, "none");
    EXPECT_TRUE(keyed.circuit);
    EXPECT_EQ(std::get<AnthropicSettings>(workflow->models.at("claude").provider).extra_body, R"({"top_k":5})");
    const auto& gemini = std::get<GeminiSettings>(workflow->models.at("gemini").provider);
    EXPECT_EQ(gemini.hedge->after, 2s);
    EXPECT_FALSE(gemini.circuit);
    EXPECT_EQ(workflow->agents.at("solver").sampling.reasoning_effort, "low");
}

TEST(Load, fills_secrets_in_where_they_belong) {
    const auto workflow = good("secrets.yaml");
    const auto& settings = std::get<OpenAiSettings>(workflow->models.at("m").provider);
    EXPECT_EQ(settings.api_key.reveal(), "s3cret-value");
    EXPECT_EQ(settings.headers.at("authorization"), "Bearer s3cret-value");
    EXPECT_EQ(settings.headers.at("x-both"), "s3cret-value/12345678");
    EXPECT_EQ(settings.connection.proxy, "http://user:12345678@127.0.0.1:3128");
    const auto& child = std::get<OpenAiSettings>(workflow->models.at("child").provider);
    EXPECT_EQ(child.api_key.reveal(), "s3cret-value");
    EXPECT_EQ(child.headers.at("x-both"), "none");
    EXPECT_EQ(std::get<AnthropicSettings>(workflow->models.at("other").provider).api_key.reveal(), "12345678");
    EXPECT_EQ(workflow->tools.at("t").environment.at("TOKEN"), "s3cret-value");
    EXPECT_EQ(workflow->tools.at("u").headers.at("x-token"), "s3cret-value");
}

TEST(Load, secrets_change_no_hash_and_stand_in_no_message) {
    const auto text = [](const std::string& secret) {
        return load(
            "version: 1\nsecrets: {K: {env: K}}\nmodels:\n  m: {provider: openai, model: x, api_key: "
            "\"{{ secrets.K }}\", extra_headers: {a: \"{{ secrets.K }}\"}, proxy: \"http://a:{{ secrets.K }}@h\"}\n"
            "agents:\n  a: {model: m}\nsteps: [{id: s, agent: a, prompt: p}]\n",
            {{"K", secret}});
    };
    ASSERT_NE(text("one-secret").workflow, nullptr) << all_problems(text("one-secret"));
    EXPECT_EQ(text("one-secret").workflow->hash, text("two-secret").workflow->hash);
    for (const std::string secret : {"sk-1234 ?#", "sk-1234\nabc", "sk-1234"})
        EXPECT_THAT(all_problems(text(secret)), Not(HasSubstr("sk-1234"))) << secret;
    EXPECT_THAT(all_problems(text("sk-1234 ?#")), HasSubstr("models.m.proxy"));
}

TEST(Load, reads_agents_and_what_they_extend) {
    const auto workflow = good("cascade.yaml");
    const AgentRole& expert = workflow->agents.at("expert");
    EXPECT_EQ(expert.model, "large");
    EXPECT_EQ(expert.system, "Solve step by step.");
    EXPECT_EQ(expert.sampling.temperature, 0.0);
    EXPECT_EQ(expert.sampling.seed, 7U);
    EXPECT_THAT(expert.sampling.stop, ElementsAre("</answer>", "\n\n\n"));
    EXPECT_EQ(expert.answer.kind(), ExtractKind::number);
    EXPECT_EQ(workflow->agents.at("solver").sampling.temperature, 0.7);
}

TEST(Load, reads_gates_inputs_and_limits) {
    const auto workflow = good("cascade.yaml");
    const Gate& surer = workflow->gates.at("surer");
    EXPECT_THAT(surer.accept, ElementsAre(0.5, 0.4, 0.3, 0.2));
    EXPECT_EQ(surer.escalate, 2.5);
    EXPECT_EQ(surer.settings.scope, Scope::answer);
    EXPECT_EQ(surer.stop_early, StopEarly::provable);
    EXPECT_EQ(workflow->inputs.at(0).first, "question");
    EXPECT_EQ(workflow->inputs.at(0).second.default_value, std::nullopt);
    EXPECT_EQ(workflow->inputs.at(1).second.default_value, "3");
    EXPECT_EQ(workflow->inputs.at(3).second.default_value, "true");
    EXPECT_EQ(workflow->limits.usd, 0.05);
    EXPECT_EQ(workflow->limits.time, 120s);
}

TEST(Load, reads_ladders) {
    const auto workflow = good("cascade.yaml");
    EXPECT_EQ(rung(*workflow, 0, 0).gate_name, "sure");
    EXPECT_EQ(rung(*workflow, 0, 0).refine->until, RefineUntil::all);  // one threshold for four steps
    EXPECT_EQ(rung(*workflow, 0, 1).gate->accept, std::vector{0.6});
    EXPECT_EQ(rung(*workflow, 0, 1).gate_name, "");
    EXPECT_EQ(rung(*workflow, 0, 2).refine->until, RefineUntil::accept);  // four thresholds for three steps
    EXPECT_EQ(rung(*workflow, 0, 2).refine->prompt, "Review your answer, find gaps or errors, and answer again.");
    EXPECT_EQ(rung(*workflow, 0, 2).gate->missing, OnMissing::refine);
    EXPECT_EQ(rung(*workflow, 1, 0).handover, Handover::fresh);
    EXPECT_EQ(workflow->steps.at(1).when->text(), R"(steps.solve.status == "unresolved" and inputs.question != "")");
}

TEST(Load, reads_scripted_answers) {
    const auto workflow = good("signals.yaml");
    const auto& settings = std::get<ScriptedSettings>(workflow->models.at("prepared").provider);
    ASSERT_EQ(settings.answers.size(), 4U);
    EXPECT_THAT(settings.answers[0].entropy, ElementsAre(2.5));
    EXPECT_THAT(settings.answers[1].entropy, ElementsAre(0.1, 0.2, 0.1));
    EXPECT_EQ(settings.answers[1].when, "(?i)review");
    EXPECT_TRUE(settings.answers[1].repeat);
    EXPECT_EQ(settings.answers[2].error, "timeout");
    EXPECT_EQ(settings.answers[2].delay, 1500ms);
    EXPECT_EQ(settings.retry.attempts, 2);
}

TEST(Load, takes_texts_from_files_and_sections_from_includes) {
    const auto workflow = good("files.yaml");
    EXPECT_EQ(workflow->agents.at("solver").system, "You are careful.\n");
    EXPECT_EQ(std::get<Ladder>(workflow->steps[0].body).prompt.text(), "Please answer: {{ inputs.question }}\n");
    EXPECT_EQ(rung(*workflow, 0, 0).refine->prompt, "Look at it once more.\n");
    EXPECT_EQ(rung(*workflow, 0, 0).gate->accept, std::vector{0.4});
    EXPECT_EQ(std::get<ScriptedSettings>(workflow->models.at("prepared").provider).answers[0].text, "42");
}

TEST(Load, expands_anchors_and_keeps_block_text) {
    const auto workflow = good("anchors.yaml");
    EXPECT_EQ(std::get<Ladder>(workflow->steps[0].body).prompt.text(), "A question over\ntwo lines, for $5\n");
    EXPECT_EQ(std::get<Ladder>(workflow->steps[1].body).prompt.text(), "Folded {{ steps.ask.text }} text");
    EXPECT_EQ(workflow->limits.tokens, 1000);
    EXPECT_FALSE(workflow->agents.contains("x-agent"));
}

TEST(Load, names_a_workflow_after_its_file) {
    EXPECT_EQ(good("minimal.yaml")->name, "minimal");
    EXPECT_EQ(loaded(models + "name: other\nsteps: [{id: s, agent: a, prompt: x}]")->name, "other");
}

TEST(Load, a_step_needs_the_one_above_unless_it_says_otherwise) {
    const auto workflow = loaded(models + R"(
steps:
  - {id: one, agent: a, prompt: x}
  - {id: two, agent: a, prompt: x}
  - {id: three, agent: a, needs: [], prompt: x}
  - {id: four, agent: a, needs: [two], when: "steps.one.status == 'accepted'", prompt: "{{ steps.three.text }}"}
)");
    EXPECT_THAT(workflow->steps.at(0).needs, IsEmpty());
    EXPECT_THAT(workflow->steps.at(1).needs, ElementsAre(0U));
    EXPECT_THAT(workflow->steps.at(2).needs, IsEmpty());
    EXPECT_THAT(workflow->steps.at(3).needs, ElementsAre(0U, 1U, 2U));
    EXPECT_EQ(workflow->output.text(), "{{ coalesce(steps.four.answer, steps.four.text) }}");
}

TEST(Load, a_variable_is_typed_where_it_stands_unquoted_and_is_text_where_text_is_meant) {
    const std::string text =
        "version: 1\nmodels:\n  m: {provider: openai, model: \"${N}\", api_key: \"${KEY:-}\"}\n"
        "agents:\n  a:\n    model: m\n    seed: ${N}\n    system: ${N}\n"
        "steps:\n  - id: s\n    agent: a\n    prompt: ${EVIL}\n";
    const std::string evil = "a: b # \" ${N}\n- {{ 1 }}";
    const auto workflow = loaded(text, {{"N", "12"}, {"EVIL", evil}});
    EXPECT_EQ(workflow->agents.at("a").sampling.seed, 12U);
    EXPECT_EQ(workflow->agents.at("a").system, "12");
    EXPECT_EQ(std::get<OpenAiSettings>(workflow->models.at("m").provider).model, "12");
    EXPECT_EQ(std::get<Ladder>(workflow->steps.at(0).body).prompt.text(), evil);
}

TEST(Load, never_shows_what_a_variable_holds) {
    const std::string secret = "sk-1234567890";
    const std::string text =
        "version: 1\nmodels:\n  m: {provider: openai, model: x, api_key: [\"${K}\"], extra_headers: {a: [b]}, proxy: "
        "\"${K}\"}\n"
        "  n: {provider: \"${K}\", base_url: \"${K}\"}\n  o: {provider: openai, base_url: \"${K}\"}\n"
        "agents:\n  a: {model: \"${K}\", temperature: \"${K}\", system: {file: \"${K}\"}, extends: \"${K}\"}\n"
        "  b: {model: \"${K}\", stop: [], answer: {extract: \"${K}\"}}\n"
        "gates:\n  g: {signal: \"${K}\", accept: \"${K}\"}\ninclude: \"${K}\"\n"
        "limits: {time: \"${K}\"}\nsteps: [{id: \"${K}\", agent: \"${K}\", prompt: {file: \"${K}\"}, needs: "
        "[\"${K}\"]}]\n";
    const LoadResult result = load(text, {{"K", secret}});
    EXPECT_EQ(result.workflow, nullptr);
    EXPECT_GE(result.problems.size(), 10U);
    EXPECT_THAT(all_problems(result), Not(HasSubstr("sk-1234")));
}

TEST(Load, never_shows_a_literal_key) {
    const LoadResult result = load(
        "version: 1\nmodels:\n  m: {provider: openai, api_key: 1234567890, api-key: sk-abc}\n"
        "steps: []\n");
    EXPECT_THAT(all_problems(result), HasSubstr("api-key"));
    EXPECT_THAT(all_problems(result), Not(HasSubstr("1234567890")));
    EXPECT_THAT(all_problems(result), Not(HasSubstr("sk-abc")));
}

TEST(Load, the_hash_covers_what_the_file_says_but_no_secret) {
    const auto hash = [](const std::string& key, const std::string& header, const std::string& prompt) {
        return loaded("version: 1\nx-note: " + key + "\nmodels:\n  m: {provider: openai, model: x, api_key: " + key +
                      ", proxy: \"http://" + header + "\", extra_headers: {a: " + header +
                      "}}\nagents:\n  a: {model: m}\nsteps: [{id: s, agent: a, prompt: " + prompt + "}]\n")
            ->hash;
    };
    EXPECT_EQ(hash("one", "x", "p").size(), 64U);
    EXPECT_EQ(hash("one", "x", "p"), hash("two", "y", "p"));
    EXPECT_NE(hash("one", "x", "p"), hash("one", "x", "q"));
}

TEST(Load, an_extended_map_merges_but_answer_is_replaced) {
    const auto workflow = loaded(R"(version: 1
models:
  base: {provider: openai, model: x, timeout: {connect: 1s, idle: 2s}, extra_headers: {a: b}}
  child: {extends: base, timeout: {idle: 3s}, extra_headers: {c: d}}
agents:
  base: {model: base, answer: {extract: json, pointer: /x}, stop: [a, b]}
  child: {extends: base, answer: {extract: number}, stop: c}
steps: [{id: s, agent: child, prompt: x}]
)");
    const auto& child = std::get<OpenAiSettings>(workflow->models.at("child").provider);
    EXPECT_EQ(child.timeouts.connect, 1s);
    EXPECT_EQ(child.timeouts.idle, 3s);
    EXPECT_EQ(child.headers.size(), 2U);
    EXPECT_EQ(workflow->agents.at("child").answer.kind(), ExtractKind::number);
    EXPECT_THAT(workflow->agents.at("child").sampling.stop, ElementsAre("c"));
}

TEST(Load, warns_of_numbers_that_nobody_calibrated_and_of_stops_that_can_not_happen) {
    const LoadResult result = load(models + R"(gates:
  g: {signal: entropy.mean, accept: 9, stop_early: provable}
  h: {signal: confidence.mean, accept: 3, stop_early: provable, last: 5}
steps: [{id: s, agent: a, gate: g, prompt: x}]
)");
    EXPECT_NE(result.workflow, nullptr);
    const std::string problems = all_problems(result);
    EXPECT_THAT(problems, HasSubstr("test.yaml:7:37: gates.g.accept: warning: uncalibrated"));
    EXPECT_THAT(problems, HasSubstr("accepts everything: over 20 candidates the entropy is never above 4.32"));
    EXPECT_THAT(problems, HasSubstr("nothing is provable early for confidence.mean"));
    EXPECT_THAT(problems, HasSubstr("'last' has no effect on confidence.mean"));
    EXPECT_THAT(problems, HasSubstr("stop_early needs 'max_tokens' on agent 'a'"));
}

TEST(Load, columns_count_characters) {
    const LoadResult result = load(models + "steps: [{id: s, agent: a, prompt: \"äöü→\", oops: 1}]\n");
    ASSERT_EQ(result.problems.size(), 1U);
    EXPECT_EQ(result.problems[0].line, 6);
    EXPECT_EQ(result.problems[0].column, 43);
}

TEST(Load, refuses_a_file_that_is_too_large_or_not_there) {
    EXPECT_THAT(all_problems(load(std::string((1 << 20) + 1, '#'))), HasSubstr("larger than 1048576 bytes"));
    const LoadResult missing = load_workflow(workflow_files("good") / "nowhere.yaml");
    EXPECT_EQ(missing.workflow, nullptr);
    EXPECT_THAT(all_problems(missing), HasSubstr("nowhere.yaml: the file can't be read: there is no such file"));
    EXPECT_THAT(all_problems(load_workflow(workflow_files("good"))), HasSubstr("it is a directory"));
}

TEST(Load, survives_an_inheritance_without_end) {
    std::string text = models + "gates:\n  g0: {signal: entropy.mean, accept: 1}\n";
    for (int i = 1; i < 5000; ++i)
        text +=
            "  g" + std::to_string(i) + ": {extends: g" + std::to_string(i - 1) + ", k" + std::to_string(i) + ": 1}\n";
    const LoadResult result = load(text + "steps: [{id: s, agent: a, prompt: x}]\n");
    EXPECT_EQ(result.workflow, nullptr);
    EXPECT_THAT(all_problems(result), HasSubstr("too much to inherit"));
}

TEST(ParseWorkflow, throws_with_every_problem) {
    try {
        parse_workflow("version: 3\nstep: 1\n", "embedded.yaml");
        FAIL();
    } catch (const ConfigError& error) {
        EXPECT_EQ(error.problems().size(), 3U);
        EXPECT_THAT(error.what(), HasSubstr("embedded.yaml:1:10: version: "));
        EXPECT_THAT(error.what(), HasSubstr("unknown key 'step'; did you mean 'steps'?"));
    }
    EXPECT_EQ(parse_workflow(contents(workflow_files("good") / "minimal.yaml"))->steps.size(), 1U);
}

}  // namespace
}  // namespace enough
