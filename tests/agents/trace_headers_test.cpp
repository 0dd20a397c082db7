// Trace context reaches the model's server, and nothing else.

#include <enough/agents/cache.hpp>

#include "agents/openai_agent_fixture.hpp"
#include "support/run.hpp"
#include "support/temporary_folder.hpp"

#include <gmock/gmock.h>

namespace enough::test {
namespace {

constexpr const char* parent = "00-12345678901234567890123456789012-1234567890123456-01";

class TraceHeaders : public OpenAiAgentTest {
protected:
    Request traced() {
        Request request = question();
        request.traceparent = parent;
        request.tracestate = "foo=1";
        return request;
    }
    std::string told(const char* header) const { return server_->requests().at(0).header(header); }
};

TEST_F(TraceHeaders, AreSent) {
    serve(answer_well);
    ASSERT_TRUE(ask(traced()));
    EXPECT_EQ(told("traceparent"), parent);
    EXPECT_EQ(told("tracestate"), "foo=1");
    EXPECT_THAT(server_->requests().at(0).body, testing::Not(testing::HasSubstr("1234567890123456")));
}

TEST_F(TraceHeaders, AreNotMadeUp) {
    serve(answer_well);
    ASSERT_TRUE(ask());
    EXPECT_EQ(told("traceparent"), "");
    EXPECT_EQ(told("tracestate"), "");
}

TEST_F(TraceHeaders, ThoseOfTheSettingsAreTheirs) {
    settings_.headers["TraceParent"] = "theirs";
    serve(answer_well);
    ASSERT_TRUE(ask(traced()));
    EXPECT_EQ(told("traceparent"), "theirs");
    std::size_t headers = 0;
    for (const auto& [name, value] : server_->requests().at(0).headers)
        headers += name == "traceparent" || name == "TraceParent" ? 1 : 0;
    EXPECT_EQ(headers, 1U);
}

/// Counts what it is asked.
class Counting final : public Agent {
public:
    explicit Counting(int& asked) : asked_(asked) {}
    Task<Result<Answer>> ask(Request) override {
        ++asked_;
        Answer answer;
        answer.text = "yes";
        co_return answer;
    }

private:
    int& asked_;
};

TEST(TraceContextOfARequest, IsNoPartOfWhatACacheKnows) {
    const TemporaryFolder folder;
    int asked = 0;
    const auto agent = make_caching(std::make_unique<Counting>(asked), "m", "id",
                                    std::make_shared<AnswerCache>(folder.file("cache.db")));
    Request request;
    request.messages = {{Role::user, "?"}};
    EXPECT_FALSE(run(agent->ask(request))->from_cache);
    request.traceparent = parent;
    request.tracestate = "foo=1";
    EXPECT_TRUE(run(agent->ask(request))->from_cache);
    EXPECT_EQ(asked, 1);
}

}  // namespace
}  // namespace enough::test
