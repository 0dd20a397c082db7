#include "providers/openai_failure.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace enough {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

Failure failure_for(int status, std::string body, std::string content_type = "application/json") {
    return openai_http_failure({status, std::move(content_type), std::move(body), {}}, "http://h", ServerText());
}

TEST(OpenAiFailure, MapsEveryStatus) {
    struct Case {
        int status;
        FailureKind kind;
        bool retryable;
    };
    for (const auto& [status, kind, retryable] : {
             Case{400, FailureKind::bad_request, false},
             Case{401, FailureKind::unauthorized, false},
             Case{403, FailureKind::unauthorized, false},
             Case{404, FailureKind::bad_request, false},
             Case{408, FailureKind::server_error, true},
             Case{413, FailureKind::bad_request, false},
             Case{422, FailureKind::bad_request, false},
             Case{429, FailureKind::rate_limited, true},
             Case{500, FailureKind::server_error, true},
             Case{502, FailureKind::server_error, true},
             Case{503, FailureKind::overloaded, true},
             Case{504, FailureKind::server_error, true},
             Case{529, FailureKind::overloaded, true},
         }) {
        const auto failure = failure_for(status, R"({"error":{"message":"went wrong"}})");
        EXPECT_EQ(failure.kind, kind) << status;
        EXPECT_EQ(failure.retryable, retryable) << status;
        EXPECT_THAT(failure.message, HasSubstr(std::to_string(status)));
        EXPECT_THAT(failure.message, HasSubstr("http://h"));
        EXPECT_THAT(failure.message, HasSubstr("went wrong"));
    }
}

TEST(OpenAiFailure, FindsTheMessageInEveryShape) {
    for (const char* body : {R"({"error":{"message":"boom"}})", R"({"error":"boom"})", R"({"message":"boom"})",
                             R"({"detail":"boom"})", R"({"detail":[{"loc":["body"],"msg":"boom"}]})", "boom"}) {
        EXPECT_THAT(failure_for(500, body, "text/plain").message, HasSubstr("boom")) << body;
    }
}

TEST(OpenAiFailure, KnowsFullContextsAndMissingModels) {
    EXPECT_EQ(failure_for(400, R"({"error":{"code":"context_length_exceeded","message":"x"}})").kind,
              FailureKind::context_full);
    EXPECT_EQ(failure_for(400, R"({"error":{"type":"exceed_context_size_error","message":"x"}})").kind,
              FailureKind::context_full);
    EXPECT_EQ(failure_for(404, R"({"error":{"message":"The model `x` does not exist"}})").kind, FailureKind::no_model);
    EXPECT_FALSE(failure_for(429, R"({"error":{"code":"insufficient_quota","message":"x"}})").retryable);
}

TEST(OpenAiFailure, PagesAreNoApi) {
    for (const int status : {200, 400, 404}) {
        const auto failure = failure_for(status, "<!doctype html><p>secret page</p>", "text/html");
        EXPECT_EQ(failure.kind, FailureKind::bad_response) << status;
        EXPECT_THAT(failure.message, HasSubstr("/v1"));
        EXPECT_THAT(failure.message, Not(HasSubstr("secret page")));
    }
    EXPECT_EQ(failure_for(502, "<html>Bad gateway", "text/html").kind, FailureKind::server_error);
}

TEST(OpenAiFailure, RedirectsNameTheirTarget) {
    const auto failure = openai_http_failure({301, "", "", "https://other/v1?key=1"}, "http://h", ServerText());
    EXPECT_EQ(failure.kind, FailureKind::bad_response);
    EXPECT_THAT(failure.message, HasSubstr("https://other/v1'"));
}

TEST(ServerText, IsOneCleanBoundedLineWithoutSecrets) {
    const ServerText text({"sk-1234567", "", "abc"});
    EXPECT_EQ(text.excerpt("  a\r\n\tb\x01 \x7f"
                           "c  "),
              "a b c");
    EXPECT_EQ(text.excerpt("bad key sk-1234567, sk-1234567!"), "bad key ***, ***!");
    EXPECT_EQ(text.excerpt("abc"), "abc") << "too short to be told from a word";
    EXPECT_EQ(text.excerpt("\xff"), "\xEF\xBF\xBD");
    const auto longest = text.excerpt(std::string(199, 'x') + "\xE2\x82\xAC" + std::string(500, 'y'));
    EXPECT_EQ(longest, std::string(199, 'x') + "…");
    // The cut must not leave half a key behind.
    EXPECT_THAT(text.excerpt(std::string(195, 'x') + "sk-1234567"), Not(HasSubstr("sk-1")));
}

TEST(OpenAiRetryAfter, ReadsAllForms) {
    const auto now = std::chrono::sys_days(std::chrono::year(2015) / 10 / 21) + 7h + 27min;
    EXPECT_EQ(openai_retry_after("250", "9", now), 250ms);
    EXPECT_EQ(openai_retry_after({}, "2", now), 2s);
    EXPECT_EQ(openai_retry_after({}, "1.5", now), 1500ms);
    EXPECT_EQ(openai_retry_after({}, "Wed, 21 Oct 2015 07:28:00 GMT", now), 60s);
    EXPECT_EQ(openai_retry_after({}, "Wed, 21 Oct 2015 07:26:00 GMT", now), 0ms);
    EXPECT_EQ(openai_retry_after({}, "99999999999", now), 24h);
    EXPECT_EQ(openai_retry_after({}, "-1", now), 0ms);
    EXPECT_EQ(openai_retry_after({}, "soon", now), std::nullopt);
    EXPECT_EQ(openai_retry_after({}, "Wed, 99 Oct 2015 07:28:00 GMT", now), std::nullopt);
    EXPECT_EQ(openai_retry_after({}, {}, now), std::nullopt);
}

Request logprobs_request() {
    Request request;
    request.top_logprobs = 20;
    request.sampling.max_tokens = 10;
    return request;
}

std::optional<OpenAiDialect> learned(int status, const std::string& message, Request request = logprobs_request()) {
    return openai_learn({status, "application/json", R"({"error":{"message":")" + message + "\"}}", {}}, request, {});
}

TEST(OpenAiLearn, LogprobsAreRefused) {
    for (const int status : {400, 403, 422}) {
        const auto dialect = learned(status, "You are not allowed to request logprobs from this model");
        ASSERT_TRUE(dialect) << status;
        EXPECT_FALSE(dialect->gives_logprobs);
    }
    EXPECT_FALSE(learned(500, "logprobs crashed"));
    EXPECT_FALSE(learned(400, "temperature is wrong"));
    EXPECT_FALSE(learned(400, "no logprobs", Request())) << "none were asked for";
}

TEST(OpenAiLearn, MaximumOfTopLogprobs) {
    for (const char* message : {"Invalid value for 'top_logprobs': must be less than or equal to 5.",
                                "Requested sample logprobs of 20, which is greater than max allowed: 5",
                                "top_logprobs must be between 0 and 5", "top_logprobs must be <= 5",
                                "The maximum value of top_logprobs is 5", "top_logprobs: at most 5 supported"}) {
        const auto dialect = learned(400, message);
        ASSERT_TRUE(dialect) << message;
        EXPECT_TRUE(dialect->gives_logprobs) << message;
        EXPECT_EQ(dialect->max_top_logprobs, 5) << message;
    }
    EXPECT_FALSE(learned(400, "top_logprobs must be at most 0")->gives_logprobs);
    EXPECT_FALSE(learned(400, "logprobs: at most 20")->gives_logprobs) << "20 were asked for";
}

TEST(OpenAiLearn, OtherNameOfMaxTokens) {
    const char* message =
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
        "'max_completion_tokens' instead.";
    const auto dialect = learned(400, message);
    ASSERT_TRUE(dialect);
    EXPECT_EQ(dialect->max_tokens_field, "max_completion_tokens");
    EXPECT_TRUE(dialect->gives_logprobs);
}

}  // namespace
}  // namespace enough
