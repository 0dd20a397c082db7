#include "providers/llama_text.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace enough::llama {
namespace {

std::string all_of(TextStream& stream, const std::vector<std::string>& pieces) {
    std::string text;
    for (const auto& piece : pieces)
        text += stream.feed(piece);
    return text + stream.finish();
}

TEST(LlamaText, CharactersSplitOverTokensComeOutWhole) {
    TextStream stream({});
    EXPECT_EQ(stream.feed("a\xF0\x9F"), "a");
    EXPECT_EQ(stream.feed("\x98"), "");
    EXPECT_EQ(stream.feed("\x80"
                          "b"),
              "\xF0\x9F\x98\x80"
              "b");
    EXPECT_EQ(stream.finish(), "");
}

TEST(LlamaText, EveryCutOfATextGivesTheText) {
    const std::string text = "gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x98\x80.";
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        TextStream stream({"STOP"});
        EXPECT_EQ(all_of(stream, {text.substr(0, cut), text.substr(cut)}), text) << cut;
    }
}

TEST(LlamaText, BytesThatAreNoTextBecomeReplacements) {
    const std::string replacement = "\xEF\xBF\xBD";
    struct Case {
        std::string bytes, text;
    };
    const std::vector<Case> cases{
        {"a\xFFz", "a" + replacement + "z"},
        {"\xC3z", replacement + "z"},                                                 // a beginning without its end
        {"\xED\xA0\x80", replacement + replacement + replacement},                    // a surrogate
        {"\xC0\xAF", replacement + replacement},                                      // an overlong form
        {"\xF4\x90\x80\x80", replacement + replacement + replacement + replacement},  // beyond U+10FFFF
        {"a\xE2\x82", "a" + replacement},  // the answer ends inside a character
    };
    for (const auto& item : cases) {
        TextStream stream({});
        EXPECT_EQ(all_of(stream, {item.bytes}), item.text);
    }
}

TEST(LlamaText, EndsBeforeTheFirstStopString) {
    TextStream stream({"###", "END"});
    EXPECT_EQ(stream.feed("one #"), "one ");
    EXPECT_FALSE(stream.stopped());
    EXPECT_EQ(stream.feed("# two E"), "## two ");
    EXPECT_EQ(stream.feed("N"), "");
    EXPECT_EQ(stream.feed("D###"), "");
    EXPECT_TRUE(stream.stopped());
    EXPECT_EQ(stream.feed("more"), "");
    EXPECT_EQ(stream.finish(), "");
}

TEST(LlamaText, ABegunStopStringIsTextAtTheEnd) {
    TextStream stream({"</answer>"});
    EXPECT_EQ(stream.feed("42</ans"), "42");
    EXPECT_EQ(stream.finish(), "</ans");
}

TEST(LlamaText, AnEmptyStopStringStopsNothing) {
    TextStream stream({""});
    EXPECT_EQ(stream.feed("text"), "text");
    EXPECT_FALSE(stream.stopped());
}

}  // namespace
}  // namespace enough::llama
