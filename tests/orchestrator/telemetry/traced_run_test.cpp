#include "telemetry/traced_run.hpp"

#include "telemetry/called_model.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "orchestrator/telemetry/watched_run.hpp"

#include <algorithm>

namespace enough::test {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::UnorderedElementsAre;

class Collected final : public SpanSink {
public:
    void take(Span span) override { spans.push_back(std::move(span)); }

    const Span& named(const std::string& name) const {
        const auto found = std::ranges::find_if(spans, [&](const Span& span) { return span.name == name; });
        if (found == spans.end()) throw std::out_of_range("no span '" + name + "'");
        return *found;
    }
    std::vector<std::string> names() const {
        std::vector<std::string> all;
        for (const Span& span : spans)
            all.push_back(span.name);
        return all;
    }

    std::vector<Span> spans;
};

template <class T>
std::optional<T> value(const Attributes& attributes, const std::string& key) {
    for (const auto& [name, value] : attributes)
        if (name == key) return std::get<T>(value);
    return std::nullopt;
}

std::optional<std::string> text(const Span& span, const std::string& key) {
    return value<std::string>(span.attributes, key);
}

std::optional<std::int64_t> number(const Span& span, const std::string& key) {
    return value<std::int64_t>(span.attributes, key);
}

Collected spans_of(const WatchedRun& run, bool with_content = false) {
    Collected collected;
    TracedRun traced(run.observed, with_content, collected);
    run.show(traced);
    return collected;
}

TEST(TracedRun, MakesATreeOfSpans) {
    const WatchedRun run = watched_run(priced_cascade);
    const Collected all = spans_of(run);
    EXPECT_THAT(all.names(), UnorderedElementsAre("invoke_workflow cascade", "invoke_agent solver",
                                                  "invoke_agent expert", "chat small", "chat large"));
    const Span& root = all.named("invoke_workflow cascade");
    EXPECT_EQ(root.parent, "");
    for (const Span& span : all.spans) {
        EXPECT_EQ(span.trace_id, run.observed.trace->context.trace_id);
        EXPECT_LE(root.start, span.start);
        EXPECT_LE(span.start, span.end);
        EXPECT_LE(span.end, root.end);
        EXPECT_FALSE(span.error);
    }
    EXPECT_EQ(all.named("invoke_agent solver").parent, root.id);
    EXPECT_EQ(all.named("chat small").parent, all.named("invoke_agent solver").id);
    EXPECT_EQ(all.named("chat large").parent, all.named("invoke_agent expert").id);
    // What the server of the call is told is the call's own span.
    EXPECT_EQ(all.named("chat large").id, call_context(*run.observed.trace, run.observed.id, 2).span_id);
}

TEST(TracedRun, SaysWhatTheConventionsWant) {
    const Collected all = spans_of(watched_run(priced_cascade));
    const Span& root = all.named("invoke_workflow cascade");
    EXPECT_EQ(root.kind, SpanKind::internal);
    EXPECT_EQ(text(root, "gen_ai.operation.name"), "invoke_workflow");
    EXPECT_EQ(text(root, "gen_ai.workflow.name"), "cascade");
    EXPECT_EQ(text(root, "enough.status"), "accepted");
    EXPECT_EQ(number(root, "gen_ai.usage.input_tokens"), 10);
    EXPECT_EQ(text(all.named("invoke_agent solver"), "gen_ai.agent.name"), "solver");
    const Span& chat = all.named("chat small");
    EXPECT_EQ(chat.kind, SpanKind::client);
    EXPECT_EQ(text(chat, "gen_ai.operation.name"), "chat");
    EXPECT_EQ(text(chat, "gen_ai.provider.name"), "scripted");
    EXPECT_EQ(number(chat, "gen_ai.usage.input_tokens"), 5);
    EXPECT_EQ(number(chat, "gen_ai.usage.output_tokens"), 3);
    EXPECT_EQ(value<std::vector<std::string>>(chat.attributes, "gen_ai.response.finish_reasons"),
              std::vector<std::string>(1, "stop"));
    EXPECT_EQ(text(chat, "enough.verdict"), "escalate");
    EXPECT_EQ(text(chat, "enough.signal"), "entropy.mean");
    EXPECT_NEAR(value<double>(chat.attributes, "enough.signal_value").value(), 1.9, 1e-6);
    EXPECT_EQ(value<double>(chat.attributes, "enough.threshold"), 0.5);
    EXPECT_EQ(text(chat, "enough.step"), "solve");
    EXPECT_EQ(number(chat, "enough.rung"), 0);
    EXPECT_EQ(number(all.named("chat large"), "enough.rung"), 1);
}

bool holds(const Collected& all, const std::string& words) {
    for (const Span& span : all.spans)
        for (const auto& [key, value] : span.attributes)
            if (const auto* said = std::get_if<std::string>(&value); said && said->find(words) != std::string::npos)
                return true;
    return false;
}

TEST(TracedRun, PromptsAndAnswersAreLeftOutUnlessWanted) {
    const WatchedRun run = watched_run(priced_cascade);
    const Collected without = spans_of(run);
    EXPECT_FALSE(holds(without, "What is 6"));
    EXPECT_FALSE(holds(without, "it is 42"));
    const Collected with = spans_of(run, true);
    const auto input = nlohmann::json::parse(text(with.named("chat small"), "gen_ai.input.messages").value());
    EXPECT_EQ(input,
              nlohmann::json::parse(R"([{"role": "user", "parts": [{"type": "text", "content": "What is 6 * 7?"}]}])"));
    const auto output = nlohmann::json::parse(text(with.named("chat large"), "gen_ai.output.messages").value());
    EXPECT_EQ(output, nlohmann::json::parse(R"([{"role": "assistant", "finish_reason": "stop",
                                                 "parts": [{"type": "text", "content": "it is 42"}]}])"));
}

TEST(TracedRun, Tools) {
    Surroundings surroundings;
    surroundings.tools["web"]["search"] = "error: offline";
    const Collected all = spans_of(watched_run(with_tools, surroundings));
    const Span& tool = all.named("execute_tool search");
    EXPECT_EQ(tool.parent, all.named("invoke_agent solver").id);
    EXPECT_EQ(text(tool, "gen_ai.operation.name"), "execute_tool");
    EXPECT_EQ(text(tool, "gen_ai.tool.name"), "search");
    EXPECT_EQ(text(tool, "error.type"), "tool_error");
    EXPECT_TRUE(tool.error);
    EXPECT_EQ(text(all.named("execute_tool made_up"), "error.type"), "unknown_tool");
    EXPECT_FALSE(holds(all, "6 * 7"));
    EXPECT_FALSE(holds(all, "offline"));
}

TEST(TracedRun, AFailedCallFailsItsAgentAndItsRun) {
    const Collected all = spans_of(watched_run(R"yaml(
version: 1
name: t
models: {m: {provider: scripted, answers: [{error: overloaded, repeat: true}], retry: {attempts: 2, delay: 1ms}}}
agents: {a: {model: m}}
steps: [{id: s, agent: a, prompt: q}]
)yaml"));
    const Span& chat = all.named("chat m");
    EXPECT_EQ(text(chat, "error.type"), "overloaded");
    EXPECT_TRUE(chat.error);
    EXPECT_EQ(number(chat, "enough.attempts"), 2);
    ASSERT_EQ(chat.events.size(), 1U);
    EXPECT_EQ(value<std::string>(chat.events[0].attributes, "enough.kind"), "retry");
    EXPECT_EQ(text(all.named("invoke_agent a"), "error.type"), "call_failed");
    EXPECT_EQ(text(all.named("invoke_workflow t"), "error.type"), "failed");
}

TEST(TracedRun, EachMemberOfAPanelIsAnAgentAtWork) {
    const Collected all = spans_of(watched_run(R"yaml(
version: 1
name: t
models:
  fast: {provider: scripted, answers: [{text: "42", repeat: true}]}
  slow: {provider: scripted, answers: [{text: "41", delay: 60s}]}
agents: {f: {model: fast, answer: {extract: number}}, s: {model: slow, answer: {extract: number}}}
steps:
  - {id: s, prompt: q, panel: {agents: [f, f, f, f, s], stop: {decided: true}}}
)yaml"));
    const auto names = all.names();
    EXPECT_EQ(std::ranges::count(names, "invoke_agent f"), 4);
    EXPECT_EQ(value<bool>(all.named("chat slow").attributes, "enough.wasted"), true);
    EXPECT_EQ(value<bool>(all.named("chat slow").attributes, "enough.aborted"), true);
    ASSERT_EQ(all.named("invoke_workflow t").events.size(), 1U);
    EXPECT_EQ(all.named("invoke_workflow t").events[0].name, "enough.panel");
}

TEST(TracedRun, AParentElsewhere) {
    WatchedRun run = watched_run(priced_cascade);
    const TraceContext caller{std::string(32, 'a'), std::string(16, 'b'), 1, "foo=1"};
    run.observed.trace = own_trace(run.observed.id, caller, true);
    const Collected all = spans_of(run);
    const Span& root = all.named("invoke_workflow cascade");
    EXPECT_EQ(root.parent, caller.span_id);
    EXPECT_TRUE(root.remote_parent);
    EXPECT_EQ(root.trace_state, "foo=1");
    EXPECT_FALSE(all.named("chat small").remote_parent);
    for (const Span& span : all.spans)
        EXPECT_EQ(span.trace_id, caller.trace_id);
}

TEST(CalledModel, NamesTheServerButNoSecretAndNoPath) {
    const auto workflow = parse_workflow(R"yaml(
version: 1
name: t
models:
  far: {provider: openai, base_url: "https://api.example.com/v1/private", model: big, profile: deepseek}
agents: {a: {model: far}}
steps: [{id: s, agent: a, prompt: q}]
)yaml");
    const Attributes attributes = model_attributes(workflow->models.at("far"));
    EXPECT_EQ(value<std::string>(attributes, "gen_ai.provider.name"), "deepseek");
    EXPECT_EQ(value<std::string>(attributes, "gen_ai.request.model"), "big");
    EXPECT_EQ(value<std::string>(attributes, "server.address"), "api.example.com");
    EXPECT_EQ(value<std::int64_t>(attributes, "server.port"), 443);
    EXPECT_EQ(attributes.size(), 4U);
}

}  // namespace
}  // namespace enough::test
