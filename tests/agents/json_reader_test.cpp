#include "providers/json_reader.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <string>
#include <vector>

namespace enough {
namespace {

using Json = nlohmann::json;

// What the reader makes of any text, rebuilt as a tree so that it can be compared.
Json rebuild(JsonReader& reader) {
    switch (reader.peek()) {
        case JsonReader::Kind::object: {
            auto out = Json::object();
            for (JsonObject object(reader); object.next();) {
                const std::string key(object.key());
                out[key] = rebuild(reader);
            }
            return out;
        }
        case JsonReader::Kind::array: {
            auto out = Json::array();
            for (JsonArray array(reader); array.next();)
                out.push_back(rebuild(reader));
            return out;
        }
        case JsonReader::Kind::string: {
            std::string out;
            reader.string(out);
            return out;
        }
        case JsonReader::Kind::number: {
            double out = 0;
            reader.number(out);
            return out;
        }
        case JsonReader::Kind::boolean: {
            bool out = false;
            reader.boolean(out);
            return out;
        }
        case JsonReader::Kind::null:
            reader.null();
            return nullptr;
        case JsonReader::Kind::bad:
            reader.skip();
            return nullptr;
    }
    return nullptr;
}

bool skips_whole(const std::string& text) {
    JsonReader reader(text);
    return reader.skip() && reader.at_end();
}

TEST(JsonReader, ReadsWhatTheLibraryReads) {
    const std::vector<std::string> texts{
        R"({"a":[1,2.5,-3e2,true,false,null],"b":{"c":"d"},"":[]})",
        R"( { "x" : [ ] , "y" : { } } )",
        R"("tab\t quote\" slash\/ back\\ \b\f\n\r \u00e9 \u20ac \ud83d\ude00")",
        R"({"k\u00e9y":"é","ключ":1})",
        "[0, -0, 0.1, 1e-5, 123456789012345678901234567890, 1.7976931348623157e308, 4.9e-324]",
        "[-0.00012340980174485594, -9999.0, -3.4028234663852886e+38, 0.30000000000000004, 1E+2]",
    };
    for (const auto& text : texts) {
        JsonReader reader(text);
        const auto got = rebuild(reader);
        EXPECT_TRUE(reader.at_end()) << text;
        const auto want = Json::parse(text);
        EXPECT_EQ(got.flatten().size(), want.flatten().size()) << text;
        const auto got_flat = got.is_structured() ? got.flatten() : Json{{"", got}};
        const auto want_flat = want.is_structured() ? want.flatten() : Json{{"", want}};
        for (const auto& [path, value] : want_flat.items()) {
            if (value.is_number()) {
                EXPECT_DOUBLE_EQ(got_flat.at(path).get<double>(), value.get<double>()) << text << path;
            } else {
                EXPECT_EQ(got_flat.at(path), value) << text << path;
            }
        }
        EXPECT_TRUE(skips_whole(text)) << text;
    }
}

TEST(JsonReader, RefusesWhatIsNoJson) {
    const std::vector<std::string> texts{
        "",
        "{",
        "[",
        "[1,]",
        "[1 2]",
        R"({"a":1,})",
        R"({"a" 1})",
        R"({a:1})",
        "01",
        "1.",
        ".5",
        "-",
        "+1",
        "1e",
        "nul",
        "tru",
        "\"abc",
        "\"a\nb\"",
        R"("\x")",
        R"("\u12")",
        "{} x",
        "[1]]",
        "'a'",
        "\"\xff\"",
        "\"\xc0\x80\"",
        "\"\xed\xa0\x80\"",
        R"({"a":})",
        "-NaN",
        "--1",
        std::string("1\0", 2),
    };
    for (const auto& text : texts)
        EXPECT_FALSE(skips_whole(text)) << text;
}

TEST(JsonReader, EveryTruncationOfAnObjectIsRefused) {
    const std::string text = R"({"a":[1,{"b":"c\u00e9\n"},-2.5e3],"d":null,"e":true})";
    ASSERT_TRUE(skips_whole(text));
    for (std::size_t length = 0; length < text.size(); ++length) {
        EXPECT_FALSE(skips_whole(text.substr(0, length))) << length;
    }
}

TEST(JsonReader, ReadsOddNumbers) {
    const std::string text = "[1e999, -1e999, 1e-999, NaN, Infinity, -Infinity]";
    JsonReader reader(text);
    std::vector<double> got;
    for (JsonArray array(reader); array.next();)
        reader.number(got.emplace_back());
    ASSERT_TRUE(reader.at_end());
    ASSERT_EQ(got.size(), 6u);
    EXPECT_EQ(got[0], HUGE_VAL);
    EXPECT_EQ(got[1], -HUGE_VAL);
    EXPECT_EQ(got[2], 0);
    EXPECT_TRUE(std::isnan(got[3]));
    EXPECT_EQ(got[4], HUGE_VAL);
    EXPECT_EQ(got[5], -HUGE_VAL);
}

TEST(JsonReader, LoneSurrogatesBecomeReplacementCharacters) {
    const std::string text = R"(["\ud83d","\ude00x","\ud83d\u0041"])";
    JsonReader reader(text);
    std::vector<std::string> got;
    for (JsonArray array(reader); array.next();)
        reader.string(got.emplace_back());
    EXPECT_EQ(got, (std::vector<std::string>{"\xEF\xBF\xBD", "\xEF\xBF\xBDx",
                                             "\xEF\xBF\xBD"
                                             "A"}));
}

TEST(JsonReader, ReadsByteArrays) {
    const auto read = [](const std::string& text, std::string& out) {
        JsonReader reader(text);
        const bool good = reader.byte_array(out);
        EXPECT_TRUE(reader.at_end()) << text;
        return good;
    };
    std::string out;
    EXPECT_TRUE(read("[]", out));
    EXPECT_EQ(out, "");
    EXPECT_TRUE(read("[ 32 , 0,255]", out));
    EXPECT_EQ(out, std::string(" \0\xff", 3));
    EXPECT_FALSE(read("[256]", out));
    EXPECT_FALSE(read("[-1]", out));
    EXPECT_FALSE(read("[1.5]", out));
    EXPECT_FALSE(read("[1,\"a\",[2]]", out));
}

TEST(JsonReader, RefusesDeepNesting) {
    EXPECT_TRUE(skips_whole(std::string(60, '[') + std::string(60, ']')));
    EXPECT_FALSE(skips_whole(std::string(100'000, '[') + std::string(100'000, ']')));
}

}  // namespace
}  // namespace enough
