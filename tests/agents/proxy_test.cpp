#include "net/proxy.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace enough {
namespace {

using Variables = std::map<std::string, std::string, std::less<>>;

ProxyRules rules(const Variables& variables) {
    return ProxyRules([&](std::string_view name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        if (found == variables.end()) return std::nullopt;
        return found->second;
    });
}

std::string proxy_of(const Variables& variables, std::string_view url) {
    const auto proxy = rules(variables).proxy_for(parse_url(url)->origin);
    if (!proxy) return "failure";
    return *proxy ? (*proxy)->origin.authority() : "none";
}

TEST(ProxyRules, TakesTheVariableOfTheScheme) {
    const Variables both = {{"http_proxy", "http://p:1"}, {"https_proxy", "http://q:2"}};
    EXPECT_EQ(proxy_of(both, "http://h/"), "p:1");
    EXPECT_EQ(proxy_of(both, "https://h/"), "q:2");
    EXPECT_EQ(proxy_of({{"http_proxy", "http://p:1"}}, "https://h/"), "none");
    EXPECT_EQ(proxy_of({{"HTTPS_PROXY", "http://q:2"}}, "https://h/"), "q:2");
    EXPECT_EQ(proxy_of({{"HTTP_PROXY", "http://p:1"}}, "http://h/"), "none");
    EXPECT_EQ(proxy_of({{"all_proxy", "p:3"}}, "http://h/"), "p:3");
    EXPECT_EQ(proxy_of({{"ALL_PROXY", "p:3"}}, "https://h/"), "p:3");
    EXPECT_EQ(proxy_of({{"http_proxy", ""}}, "http://h/"), "none");
    EXPECT_EQ(proxy_of({}, "http://h/"), "none");
}

TEST(ProxyRules, NeverForLoopback) {
    const Variables all = {{"all_proxy", "http://p:1"}};
    for (const auto* url : {"http://localhost/", "http://127.0.0.1:8080/", "http://[::1]/", "https://localhost/"})
        EXPECT_EQ(proxy_of(all, url), "none") << url;
}

TEST(ProxyRules, LeavesOutWhatNoProxyNames) {
    struct {
        const char* no_proxy;
        const char* url;
        bool exempt;
    } const rows[] = {
        {"*", "http://h/", true},
        {"h", "http://h/", true},
        {"H", "http://h/", true},
        {"a,h", "http://h/", true},
        {"a , h", "http://h/", true},
        {"example.com", "http://example.com/", true},
        {"example.com", "http://api.example.com/", true},
        {".example.com", "http://api.example.com/", true},
        {"*.example.com", "http://api.example.com/", true},
        {"example.com", "http://badexample.com/", false},
        {"example.com", "http://example.com.evil/", false},
        {"example.com:80", "http://example.com/", true},
        {"example.com:81", "http://example.com/", false},
        {"10.1.2.3", "http://10.1.2.3/", true},
        {"10.0.0.0/8", "http://10.1.2.3/", true},
        {"10.0.0.0/8", "http://11.1.2.3/", false},
        {"10.0.0.0/8", "http://h/", false},
        {"2001:db8::1", "http://[2001:db8::1]/", true},
        {"[2001:db8::1]", "http://[2001:db8::1]/", true},
        {"2001:db8::/32", "http://[2001:db8::1]/", true},
        {"2001:db8::/32", "http://[2001:db9::1]/", false},
        {"/", "http://h/", false},
        {".", "http://h/", false},
        {",,", "http://h/", false},
    };
    for (const auto& row : rows) {
        const Variables variables = {{"http_proxy", "http://p:1"}, {"no_proxy", row.no_proxy}};
        EXPECT_EQ(proxy_of(variables, row.url), row.exempt ? "none" : "p:1") << row.no_proxy << " for " << row.url;
    }
}

TEST(ProxyRules, CarriesTheProxysCredentials) {
    const Variables variables = {{"http_proxy", "http://Aladdin:open%20sesame@p:1"}};
    const auto proxy = rules(variables).proxy_for(parse_url("http://h/")->origin);
    ASSERT_TRUE(proxy && *proxy);
    EXPECT_EQ((*proxy)->authorization, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");  // RFC 7617, 2
}

TEST(ProxyRules, RefusesWhatItCannotUseWithoutShowingIt) {
    for (const auto* value : {"socks5://me:secret@p:1", "https://me:secret@p:1", "http://me:secret@"}) {
        const Variables variables = {{"http_proxy", value}};
        const auto proxy = rules(variables).proxy_for(parse_url("http://h/")->origin);
        ASSERT_FALSE(proxy) << value;
        EXPECT_EQ(proxy.error().message.find("secret"), std::string::npos);
        EXPECT_NE(proxy.error().message.find("http_proxy"), std::string::npos);
    }
}

}  // namespace
}  // namespace enough
