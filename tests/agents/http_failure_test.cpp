#include "providers/http_failure.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace enough {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

Failure failure_for(int status, std::string body, std::string content_type = "application/json") {
    return http_failure({status, std::move(content_type), std::move(body), {}}, "http://h", ServerText());
}

TEST(HttpFailure, MapsEveryStatus) {
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

TEST(HttpFailure, FindsTheMessageInEveryShape) {
    for (const char* body : {R"({"error":{"message":"boom"}})", R"({"error":"boom"})", R"({"message":"boom"})",
                             R"({"detail":"boom"})", R"({"detail":[{"loc":["body"],"msg":"boom"}]})", "boom"}) {
        EXPECT_THAT(failure_for(500, body, "text/plain").message, HasSubstr("boom")) << body;
    }
}

TEST(HttpFailure, IsNotTroubledByNesting) {
    const std::size_t levels = 200'000;
    const auto body = R"({"detail":[)" + std::string(levels, '[') + std::string(levels, ']') + "]}";
    const auto failure = http_failure({400, "application/json", body, {}}, "http://h", ServerText());
    EXPECT_EQ(failure.kind, FailureKind::bad_request);
    EXPECT_LT(failure.message.size(), 300U);
}

TEST(HttpFailure, KnowsFullContextsAndMissingModels) {
    EXPECT_EQ(failure_for(400, R"({"error":{"code":"context_length_exceeded","message":"x"}})").kind,
              FailureKind::context_full);
    EXPECT_EQ(failure_for(400, R"({"error":{"type":"exceed_context_size_error","message":"x"}})").kind,
              FailureKind::context_full);
    EXPECT_EQ(failure_for(404, R"({"error":{"message":"The model `x` does not exist"}})").kind, FailureKind::no_model);
    EXPECT_FALSE(failure_for(429, R"({"error":{"code":"insufficient_quota","message":"x"}})").retryable);
}

TEST(HttpFailure, PagesAreNoApi) {
    for (const int status : {200, 400, 404}) {
        const auto failure = failure_for(status, "<!doctype html><p>secret page</p>", "text/html");
        EXPECT_EQ(failure.kind, FailureKind::bad_response) << status;
        EXPECT_THAT(failure.message, HasSubstr("/v1"));
        EXPECT_THAT(failure.message, Not(HasSubstr("secret page")));
    }
    EXPECT_EQ(failure_for(502, "<html>Bad gateway", "text/html").kind, FailureKind::server_error);
}

TEST(HttpFailure, RedirectsNameTheirTarget) {
    const auto failure = http_failure({301, "", "", "https://other/v1?key=1"}, "http://h", ServerText());
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

TEST(HttpRetryAfter, ReadsAllForms) {
    const auto now = std::chrono::sys_days(std::chrono::year(2015) / 10 / 21) + 7h + 27min;
    EXPECT_EQ(http_retry_after("250", "9", now), 250ms);
    EXPECT_EQ(http_retry_after({}, "2", now), 2s);
    EXPECT_EQ(http_retry_after({}, "1.5", now), 1500ms);
    EXPECT_EQ(http_retry_after({}, "Wed, 21 Oct 2015 07:28:00 GMT", now), 60s);
    EXPECT_EQ(http_retry_after({}, "Wed, 21 Oct 2015 07:26:00 GMT", now), 0ms);
    EXPECT_EQ(http_retry_after({}, "Wed, 21 Oct 25 07:28:00 GMT", now), 0ms) << "long ago";
    EXPECT_EQ(http_retry_after({}, "Wed, 21 Oct 9999 07:28:00 GMT", now), 24h) << "in a far future";
    EXPECT_EQ(http_retry_after({}, "99999999999", now), 24h);
    EXPECT_EQ(http_retry_after({}, "-1", now), 0ms);
    EXPECT_EQ(http_retry_after({}, "soon", now), std::nullopt);
    EXPECT_EQ(http_retry_after({}, "Wed, 99 Oct 2015 07:28:00 GMT", now), std::nullopt);
    EXPECT_EQ(http_retry_after({}, {}, now), std::nullopt);
}

}  // namespace
}  // namespace enough
