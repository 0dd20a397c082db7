#include "net/url.hpp"

#include <gtest/gtest.h>

#include <string>

namespace enough {
namespace {

TEST(Url, TakesAddressesApart) {
    struct {
        const char* text;
        bool tls;
        const char* host;
        int port;
        const char* target;
        const char* host_header;
    } const rows[] = {
        {"http://localhost:8080/v1", false, "localhost", 8080, "/v1", "localhost:8080"},
        {"https://api.openai.com/v1/chat", true, "api.openai.com", 443, "/v1/chat", "api.openai.com"},
        {"HTTPS://API.OpenAI.com", true, "api.openai.com", 443, "/", "api.openai.com"},
        {"http://h", false, "h", 80, "/", "h"},
        {"http://h:80/", false, "h", 80, "/", "h"},
        {"http://h:443/", false, "h", 443, "/", "h:443"},
        {"https://h:443/", true, "h", 443, "/", "h"},
        {"http://h:/x", false, "h", 80, "/x", "h"},
        {"http://h./x", false, "h", 80, "/x", "h"},
        {"http://127.0.0.1:9/", false, "127.0.0.1", 9, "/", "127.0.0.1:9"},
        {"http://[::1]:9/x", false, "::1", 9, "/x", "[::1]:9"},
        {"https://[2001:DB8::1]/", true, "2001:db8::1", 443, "/", "[2001:db8::1]"},
        {"http://h/a%20b?q=1&r=%26#part", false, "h", 80, "/a%20b?q=1&r=%26", "h"},
        {"http://h?q", false, "h", 80, "/?q", "h"},
        {"http://h:65535/", false, "h", 65535, "/", "h:65535"},
    };
    for (const auto& row : rows) {
        const auto url = parse_url(row.text);
        ASSERT_TRUE(url) << row.text;
        EXPECT_EQ(url->origin, (Origin{row.tls, row.host, static_cast<std::uint16_t>(row.port)})) << row.text;
        EXPECT_EQ(url->target, row.target) << row.text;
        EXPECT_EQ(url->origin.host_header(), row.host_header) << row.text;
        EXPECT_EQ(url->user_info, "") << row.text;
    }
}

TEST(Url, RefusesWhatIsNone) {
    for (const auto* text : {"",
                             "localhost:8080",
                             "/v1",
                             "ftp://h/",
                             "http://",
                             "http:///x",
                             "http://h:0/",
                             "http://h:65536/",
                             "http://h:x/",
                             "http://h h/",
                             "http://h/\r\nX: y",
                             "http://h%0d%0aX/",
                             "http://[::1/",
                             "http:h",
                             "http://a%40b/",
                             "http://a%2fb/",
                             "http://a%3Ab/",
                             "http://a%5Bb/",
                             "http://[v1.a]/",
                             "http://a%C3%A4/",
                             "http://a%00b/"}) {
        const auto url = parse_url(text);
        ASSERT_FALSE(url) << text;
        EXPECT_EQ(url.error().kind, FailureKind::bad_request) << text;
        EXPECT_FALSE(url.error().retryable) << text;
    }
}

TEST(Url, FindsUserInfoAndNeverShowsIt) {
    const auto url = parse_url("http://me:s%3Acret@h:1/x");
    ASSERT_TRUE(url);
    EXPECT_EQ(url->user_info, "me:s:cret");
    EXPECT_EQ(url->absolute(), "http://h:1/x");
    const auto bad = parse_url("http://me:secret@:1/");
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().message.find("secret"), std::string::npos);
}

TEST(Origin, KnowsLoopback) {
    for (const auto* host : {"localhost", "a.localhost", "127.0.0.1", "127.9.9.9", "::1"})
        EXPECT_TRUE((Origin{false, host, 80}).is_loopback()) << host;
    for (const auto* host : {"example.com", "localhost.example.com", "128.0.0.1", "::2", "10.0.0.1"})
        EXPECT_FALSE((Origin{false, host, 80}).is_loopback()) << host;
}

}  // namespace
}  // namespace enough
