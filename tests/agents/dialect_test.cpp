#include "providers/openai_request.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace enough {
namespace {

Request logprobs_request() {
    Request request;
    request.top_logprobs = 20;
    request.sampling.max_tokens = 10;
    return request;
}

std::optional<Dialect> learned(int status, const std::string& message, Request request = logprobs_request()) {
    return openai_learn({status, "application/json", R"({"error":{"message":")" + message + "\"}}", {}}, request, {});
}

TEST(Dialect, LogprobsAreRefused) {
    for (const int status : {400, 403, 422}) {
        const auto dialect = learned(status, "You are not allowed to request logprobs from this model");
        ASSERT_TRUE(dialect) << status;
        EXPECT_FALSE(dialect->gives_logprobs);
    }
    EXPECT_FALSE(learned(500, "logprobs crashed"));
    EXPECT_FALSE(learned(400, "temperature is wrong"));
    EXPECT_FALSE(learned(400, "no logprobs", Request())) << "none were asked for";
}

TEST(Dialect, MaximumOfTopLogprobs) {
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

TEST(Dialect, OtherNameOfMaxTokens) {
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
