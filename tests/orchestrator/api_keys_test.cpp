#include "serve/api_keys.hpp"

#include "support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

namespace enough {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class ApiKeysTest : public testing::Test {
protected:
    ApiKeys read(const std::string& text) {
        std::ofstream(folder_.file("keys")) << text;
        return ApiKeys::read(folder_.file("keys"));
    }

    std::string fault(const std::string& text) {
        try {
            read(text);
        } catch (const std::exception& error) {
            return error.what();
        }
        return "read";
    }

    test::TemporaryFolder folder_;
};

TEST_F(ApiKeysTest, AKeyIsFoundByBearerAndByPassword) {
    const ApiKeys keys = read("sesame-0123456789 name=team\n");
    for (const char* good : {"Bearer sesame-0123456789", "bearer sesame-0123456789",
                             // `printf anyone:sesame-0123456789 | base64`, and with other padding `a:…` and `:…`
                             "Basic YW55b25lOnNlc2FtZS0wMTIzNDU2Nzg5",
                             "Basic YTpzZXNhbWUtMDEyMzQ1Njc4OQ==", "basic OnNlc2FtZS0wMTIzNDU2Nzg5"}) {
        const KeyRules* rules = keys.find(good);
        ASSERT_NE(rules, nullptr) << good;
        EXPECT_EQ(rules->name, "team");
    }
    for (const char* bad : {"", "Bearer", "Bearer ", "Bearer sesame-012345678", "Bearer sesame-0123456789 ",
                            "sesame-0123456789", "Basic sesame-0123456789", "Basic !!!!",
                            "Basic ====", "Basic c2VzYW1lLTAxMjM0NTY3ODk=", "Digest sesame-0123456789"})
        EXPECT_EQ(keys.find(bad), nullptr) << bad;
}

TEST_F(ApiKeysTest, RulesStandAfterTheKey) {
    const ApiKeys keys = read(
        "# who may ask\n"
        "first-key-0123456789 name=batch runs=4 requests_per_minute=60 tokens_per_day=200000 usd_per_day=1.5 # Ada\n"
        "\n"
        "second-key-0123456789\r\n");
    const KeyRules* first = keys.find("Bearer first-key-0123456789");
    ASSERT_NE(first, nullptr);
    EXPECT_EQ(first->name, "batch");
    EXPECT_EQ(first->runs, 4U);
    EXPECT_EQ(first->requests_per_minute, 60);
    EXPECT_EQ(first->per_day.tokens, 200'000);
    EXPECT_EQ(first->per_day.usd, 1.5);
    const KeyRules* second = keys.find("Bearer second-key-0123456789");
    ASSERT_NE(second, nullptr);
    EXPECT_EQ(second->name, "key-2");
    EXPECT_EQ(second->per_day, RunAllowance());
}

TEST_F(ApiKeysTest, FaultsNameTheLineAndNeverAKey) {
    EXPECT_THAT(fault("short\n"), AllOf(HasSubstr("keys:1: "), HasSubstr("16 characters"), Not(HasSubstr("short"))));
    EXPECT_THAT(fault("\nsesame-0123456789 another-key-0123456789\n"),
                AllOf(HasSubstr("keys:2: "), HasSubstr("name="), Not(HasSubstr("another"))));
    EXPECT_THAT(fault("sesame-0123456789 runs=0"), HasSubstr("runs is a number above 0"));
    EXPECT_THAT(fault("sesame-0123456789 usd_per_day=nan"), HasSubstr("usd_per_day is a number above 0"));
    EXPECT_THAT(fault("sesame-0123456789 tokens_per_day=1e9"), HasSubstr("tokens_per_day is a number"));
    EXPECT_THAT(fault("sesame-0123456789 name=\"x\""), HasSubstr("name is made of"));
    EXPECT_THAT(fault("sesame-0123456789 name=a\nsesame-1123456789 name=a\n"), HasSubstr("keys:2: another key"));
    EXPECT_THAT(fault("sha256:12\n"), HasSubstr("64 hex digits"));
    EXPECT_THAT(fault("# none\n"), HasSubstr("holds no key"));
}

TEST(ApiKeys, WithoutAFileNobodyNeedsOne) {
    EXPECT_FALSE(ApiKeys().required());
    EXPECT_THROW(ApiKeys::read("/nowhere/keys"), std::runtime_error);
}

}  // namespace
}  // namespace enough
