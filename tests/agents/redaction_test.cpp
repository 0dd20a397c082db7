#include "redaction.hpp"

#include "support/run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

namespace enough {
namespace {

using testing::Contains;
using testing::Not;

TEST(Redaction, takes_out_the_longest_first) {
    const Redaction redaction({"abcd", "Bearer abcd-efgh", "abcd-efgh", "", "abc"});
    EXPECT_EQ(redaction("sent Bearer abcd-efgh, and abcd-efgh, and abcd abc"), "sent ***, and ***, and *** abc");
    EXPECT_EQ(Redaction()("anything"), "anything");
}

TEST(Redaction, knows_the_secrets_of_a_model) {
    OpenAiSettings settings;
    settings.model = "some/model-name";
    settings.api_key = Secret("sk-key");
    settings.headers = {{"authorization", "Bearer token-123"}, {"x-model", "model-name"}};
    settings.connection.proxy = "http://jane:p%40ssword@proxy:3128";
    const auto secrets = secrets_of(settings);
    for (const char* secret : {"sk-key", "Bearer token-123", "token-123", "jane:p%40ssword", "p%40ssword",
                               "jane:p@ssword", "p@ssword", "amFuZTpwQHNzd29yZA=="})
        EXPECT_THAT(secrets, Contains(secret));
    EXPECT_THAT(secrets, Not(Contains("model-name"))) << "the model's own name";
}

TEST(Redaction, survives_proxies_that_are_none) {
    for (const char* proxy : {"", "none", "@", "://@", "http://", "user@host", "http://user@"}) {
        OpenAiSettings settings;
        settings.connection.proxy = proxy;
        EXPECT_NO_THROW(secrets_of(settings)) << proxy;
    }
}

class Talkative final : public Agent {
public:
    explicit Talkative(Result<Answer> result) : result_(std::move(result)) {}
    Task<Result<Answer>> ask(Request) override { co_return result_; }

private:
    Result<Answer> result_;
};

Task<void> ask(std::shared_ptr<Agent> agent, std::optional<Result<Answer>>* out) {
    out->emplace(co_await agent->ask(Request()));
}

Result<Answer> redacted(Result<Answer> said) {
    std::optional<Result<Answer>> out;
    std::shared_ptr<Agent> agent =
        make_redacting_agent(std::make_unique<Talkative>(std::move(said)), Redaction({"sk-key"}));
    test::run_with([&](asio::any_io_executor) { return ask(agent, &out); });
    return *out;
}

TEST(RedactingAgent, cleans_what_the_server_says_but_not_the_answer) {
    Answer answer;
    answer.text = "sk-key";
    answer.model = "m-sk-key";
    answer.fingerprint = "sk-key-1";
    const auto result = redacted(answer);
    EXPECT_EQ(result->text, "sk-key");
    EXPECT_EQ(result->model, "m-***");
    EXPECT_EQ(result->fingerprint, "***-1");
}

TEST(RedactingAgent, cleans_failures) {
    Failure failure;
    failure.kind = FailureKind::unauthorized;
    failure.message = "sk-key is not known";
    const auto result = redacted(failure);
    EXPECT_EQ(result.error().message, "*** is not known");
    EXPECT_EQ(result.error().kind, FailureKind::unauthorized);
}

}  // namespace
}  // namespace enough
