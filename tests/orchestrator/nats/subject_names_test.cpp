#include "nats/subject_names.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace enough::nats {
namespace {

TEST(SubjectNames, AreWhatTheySay) {
    EXPECT_EQ(subject_token(""), "_");
    EXPECT_EQ(subject_token("Gate-7"), "Gate-7");
    EXPECT_EQ(subject_token("a b"), "a_20b");
    EXPECT_EQ(subject_token("_"), "_5f");
    EXPECT_EQ(subject_token("x.*>"), "x_2e_2a_3e");
    EXPECT_EQ(subject_token("é"), "_c3_a9");
    EXPECT_EQ(bucket_key("run/step.1=ok"), "run/step.1=ok");
    EXPECT_EQ(bucket_key(".a..b."), "_2ea_2e_2eb_2e");
}

TEST(SubjectNames, KnowWhatIsNoneOfThem) {
    for (const char* token : {"", "a.b", "_2", "_zz", "_41", "_5F", "a/b", "__"})
        EXPECT_FALSE(text_of_token(token)) << token;
    for (const char* key : {"", ".a", "_61", "a..b"})
        EXPECT_FALSE(text_of_key(key)) << key;
}

bool only(const std::string& text, const std::string& legal) {
    return text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789" + legal) ==
           std::string::npos;
}

RC_GTEST_PROP(SubjectNames, TokensAreLegalAndGiveTheTextBack, (const std::string& text)) {
    const std::string token = subject_token(text);
    RC_ASSERT(!token.empty() && only(token, "-_"));
    RC_ASSERT(text_of_token(token) == text);
}

RC_GTEST_PROP(SubjectNames, KeysAreLegalAndGiveTheTextBack, ()) {
    const auto text = *rc::gen::container<std::string>(
        rc::gen::oneOf(rc::gen::arbitrary<char>(), rc::gen::elementOf(std::string("./_=-a5"))));
    const std::string key = bucket_key(text);
    RC_ASSERT(is_bucket_key(key) && only(key, "-/_=."));
    RC_ASSERT(text_of_key(key) == text);
}

}  // namespace
}  // namespace enough::nats
