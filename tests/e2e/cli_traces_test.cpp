// `run --otlp`: spans reach a collector, with what it needs to let them in, and without what nobody else should know.

#include "support/fake_openai.hpp"
#include "support/fake_server.hpp"

#include <gmock/gmock.h>

#include "e2e/verb_fixture.hpp"

namespace enough::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

json spans_in(const FakeRequest& request) {
    return json::parse(request.body).at("/resourceSpans/0/scopeSpans/0/spans"_json_pointer);
}

class CliTraces : public VerbTest {
protected:
    void SetUp() override {
        write("workflow.yaml", R"yaml(
version: 1
name: t
inputs: {question: {type: string}}
models: {far: {provider: openai, base_url: "${URL}", model: big}}
agents: {solver: {model: far}}
steps: [{id: solve, agent: solver, prompt: "{{ inputs.question }}"}]
output: "{{ steps.solve.text }}"
)yaml");
    }

    Program::Ended run(const std::vector<std::string>& more, std::map<std::string, std::string> environment) const {
        environment["URL"] = upstream_.url("/v1");
        std::vector<std::string> arguments{"run", "workflow.yaml", "-i", "question=What is 6 * 7?"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return enough(arguments, environment);
    }

    std::vector<std::string> names() const {
        std::vector<std::string> names;
        for (const FakeRequest& request : collector_.requests())
            for (const json& span : spans_in(request))
                names.push_back(span["name"]);
        return names;
    }

    FakeServer upstream_{[](FakeExchange& exchange) { stream(exchange, {"it is 42", 0}); }};
    FakeServer collector_{[](FakeExchange& exchange) { exchange.answer(200, "{}"); }};
};

TEST_F(CliTraces, ARunSendsItsSpans) {
    const auto ended = run({"--otlp", collector_.url("")}, {{"OTEL_EXPORTER_OTLP_HEADERS", "api-key=top-secret"}});
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_EQ(ended.out, "it is 42\n");
    EXPECT_THAT(names(), testing::UnorderedElementsAre("invoke_workflow t", "invoke_agent solver", "chat big"));
    ASSERT_EQ(collector_.requests().size(), 1U);
    EXPECT_EQ(collector_.requests()[0].target, "/v1/traces");
    EXPECT_EQ(collector_.requests()[0].header("api-key"), "top-secret");
    EXPECT_THAT(collector_.requests()[0].body, Not(HasSubstr("6 * 7")));
    EXPECT_THAT(upstream_.requests().at(0).header("traceparent"), testing::StartsWith("00-"));
}

TEST_F(CliTraces, TheEnvironmentIsEnough) {
    const auto ended =
        run({"--trace-content"}, {{"OTEL_EXPORTER_OTLP_ENDPOINT", collector_.url("")}, {"OTEL_SERVICE_NAME", "mine"}});
    EXPECT_EQ(ended.code, 0) << ended.err;
    ASSERT_EQ(collector_.requests().size(), 1U);
    EXPECT_THAT(collector_.requests()[0].body, HasSubstr(R"("stringValue":"mine")"));
    EXPECT_THAT(collector_.requests()[0].body, HasSubstr("6 * 7"));
}

TEST_F(CliTraces, WithoutThemNobodyIsTold) {
    EXPECT_EQ(run({}, {}).code, 0);
    EXPECT_EQ(upstream_.requests().at(0).header("traceparent"), "");
}

TEST_F(CliTraces, ACollectorThatIsNotThereFailsNoRun) {
    std::string gone;
    {
        const FakeServer server([](FakeExchange&) {});
        gone = server.url("");
    }
    const auto ended = run({"--otlp", gone}, {{"OTEL_EXPORTER_OTLP_HEADERS", "api-key=top-secret"}});
    EXPECT_EQ(ended.code, 0);
    EXPECT_EQ(ended.out, "it is 42\n");
    EXPECT_THAT(ended.err, HasSubstr("traces: 3 spans could not be sent"));
    EXPECT_THAT(ended.err, Not(HasSubstr("top-secret")));
}

TEST_F(CliTraces, WhatCannotBeUsedIsRefused) {
    for (const std::string flag : {"collector:4318", "ftp://collector"}) {
        const auto ended = run({"--otlp", flag}, {});
        EXPECT_EQ(ended.code, 2);
        EXPECT_THAT(ended.err, HasSubstr("--otlp"));
    }
    EXPECT_EQ(run({"--trace-content"}, {}).code, 2);
}

}  // namespace
}  // namespace enough::test
