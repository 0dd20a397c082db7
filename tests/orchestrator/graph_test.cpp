#include <enough/orchestrator/graph.hpp>
#include <enough/workflows/load.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace enough {
namespace {

using testing::HasSubstr;

TEST(Mermaid, ShowsStepsRungsAndWhatLeadsWhere) {
    const auto workflow = parse_workflow(R"yaml(
version: 1
name: two-steps
models: {m: {provider: scripted, answers: [{text: x}]}}
agents: {cheap: {model: m}, strong: {model: m}}
gates: {sure: {signal: entropy.mean, accept: 0.5}}
steps:
  - id: first
    prompt: x
    ladder: [{agent: cheap, gate: sure, refine: {max_steps: 3}}, {agent: strong}]
  - {id: second, when: steps.first.status == "unresolved", prompt: y, agent: strong}
)yaml");
    const std::string chart = mermaid(*workflow);
    EXPECT_THAT(chart, testing::StartsWith("flowchart TD\n"));
    EXPECT_THAT(chart, HasSubstr("start([two-steps])"));
    EXPECT_THAT(chart, HasSubstr("s0r0[\"cheap (m), accept if entropy.mean #lt;= 0.5\"]"));
    EXPECT_THAT(chart, HasSubstr("s0r0 -- refine, 3 steps --> s0r0"));
    EXPECT_THAT(chart, HasSubstr("s0r0 -- escalate --> s0r1"));
    EXPECT_THAT(chart, HasSubstr("s0 -- \"steps.first.status == #quot;unresolved#quot;\" --> s1"));
    EXPECT_THAT(chart, HasSubstr("s1 --> output"));
}

}  // namespace
}  // namespace enough
