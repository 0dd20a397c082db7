#include <enough/net/sse_parser.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace enough {
namespace {

using namespace std::string_literals;
using Events = std::vector<SseEvent>;

struct Outcome {
    Events events;
    bool failed = false;

    bool operator==(const Outcome&) const = default;
};

void PrintTo(const Outcome& outcome, std::ostream* out) {
    for (const auto& event : outcome.events)
        *out << '[' << event.event << '|' << event.data << '|' << event.id << ']';
    if (outcome.failed) *out << " failed";
}

void feed(SseParser& parser, std::string_view bytes, Outcome& outcome) {
    const auto events = parser.feed(bytes);
    outcome.failed = !events;
    if (events) outcome.events.insert(outcome.events.end(), events->begin(), events->end());
}

/// In pieces of `piece` bytes; a last empty piece lets a failure out.
Outcome parse(std::string_view text, std::size_t piece, std::size_t max_event_bytes = 1024) {
    SseParser parser(max_event_bytes);
    Outcome outcome;
    for (; !text.empty() && !outcome.failed; text.remove_prefix(std::min(piece, text.size())))
        feed(parser, text.substr(0, piece), outcome);
    if (!outcome.failed) feed(parser, "", outcome);
    return outcome;
}

struct Case {
    const char* what;
    std::string text;
    Outcome expected;
};

SseEvent data(std::string text) {
    return SseEvent{"", std::move(text), ""};
}

const std::vector<Case>& cases() {
    static const std::vector<Case> all = {
        {"nothing", "", {}},
        {"LF", "data: a\n\ndata: b\n\n", {{data("a"), data("b")}}},
        {"CR", "data: a\r\rdata: b\r\r", {{data("a"), data("b")}}},
        {"CRLF", "data: a\r\n\r\ndata: b\r\n\r\n", {{data("a"), data("b")}}},
        {"mixed line ends", "data: a\r\n\ndata: b\n\rdata: c\r\r\n", {{data("a"), data("b"), data("c")}}},
        {"several lines", "data: a\ndata:\ndata: b\n\n", {{data("a\n\nb")}}},
        {"one space only is taken off", "data:  a\n\ndata:b\n\ndata:\tc\n\n", {{data(" a"), data("b"), data("\tc")}}},
        {"an empty data field is an event", "data\n\ndata:\n\n", {{data(""), data("")}}},
        {"no data field, no event", "event: ping\n\nid: 3\n\n\n\n: comment\n\n", {}},
        {"a type lasts for one event", "event: e\ndata: a\n\ndata: b\n\n", {{{"e", "a", ""}, data("b")}}},
        {"a type without data is forgotten", "event: e\n\ndata: b\n\n", {{data("b")}}},
        {"the last type counts", "event: d\nevent: e\ndata: a\n\n", {{{"e", "a", ""}}}},
        {"an id stays", "id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n", {{{"", "a", "1"}, {"", "b", "1"}, data("c")}}},
        {"an id with a NUL is none", "id: 1\0\ndata: a\n\n"s, {{data("a")}}},
        {"a NUL in data stays", "data: a\0b\n\n"s, {{data("a\0b"s)}}},
        {"comments", ": hello\ndata: a\n:\n: there\n\n", {{data("a")}}},
        {"unknown fields and retry", "retry: 10\nfoo: bar\nfoo\n data: x\nDATA: y\ndata: a\n\n", {{data("a")}}},
        {"colons in values", "data: {\"a\": \"b:c\"}\n\n", {{data("{\"a\": \"b:c\"}")}}},
        {"the end cuts an event off", "data: a\n\ndata: b\n", {{data("a")}}},
        {"the end cuts a line off", "data: a\n\ndata: b", {{data("a")}}},
        {"byte order mark",
         "\xEF\xBB\xBF"
         "data: a\n\n",
         {{data("a")}}},
        {"a second mark is text",
         "\xEF\xBB\xBF\xEF\xBB\xBF"
         "data: a\n\n",
         {}},
        {"a mark that breaks off",
         "\xEF\xBB"
         "data: a\ndata: b\n\n",
         {{data("b")}}},
        {"a mark later on is text",
         "data: a\n\n\xEF\xBB\xBF"
         "data: b\n\n",
         {{data("a")}}},
        {"UTF-8", "data: \xE2\x82\xAC\n\n", {{data("\xE2\x82\xAC")}}},
        {"[DONE] is data", "data: [DONE]\n\n", {{data("[DONE]")}}},
    };
    return all;
}

TEST(SseParser, ReadsEveryCaseHoweverItIsCut) {
    for (const auto& [what, text, expected] : cases()) {
        for (std::size_t piece = 1; piece <= text.size() + 1; ++piece)
            EXPECT_EQ(parse(text, piece), expected) << what << " in pieces of " << piece;
    }
}

TEST(SseParser, ReadsEveryCaseCutInTwoAnywhere) {
    for (const auto& [what, text, expected] : cases()) {
        for (std::size_t cut = 0; cut <= text.size(); ++cut) {
            SseParser parser;
            Outcome outcome;
            feed(parser, std::string_view(text).substr(0, cut), outcome);
            feed(parser, std::string_view(text).substr(cut), outcome);
            EXPECT_EQ(outcome, expected) << what << " cut at " << cut;
        }
    }
}

/// All texts of a few bytes that mean something: cutting must never matter, limits included.
TEST(SseParser, CuttingNeverMatters) {
    constexpr std::string_view alphabet = "d:\r\n \xEF";
    for (std::size_t number = 0; number < 6 * 6 * 6 * 6; ++number) {
        std::string text = "data:x\n";
        for (std::size_t rest = number, i = 0; i < 4; ++i, rest /= 6)
            text += alphabet[rest % 6];
        text += "\ndata:y\n\n";
        for (const std::size_t limit : {7U, 100U}) {
            const auto whole = parse(text, text.size(), limit);
            for (std::size_t piece = 1; piece < text.size(); ++piece)
                ASSERT_EQ(parse(text, piece, limit), whole) << testing::PrintToString(text) << " by " << piece;
        }
    }
}

TEST(SseParser, AnEventThatIsTooLargeIsAFailureThatStays) {
    const std::string text = "data: a\n\ndata: 12345\ndata: 67890\n\ndata: b\n\n";
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
        const auto outcome = parse(text, piece, 15);
        EXPECT_EQ(outcome.events, Events{data("a")}) << piece;
        EXPECT_TRUE(outcome.failed) << piece;
    }
    EXPECT_FALSE(parse(text, 5, 16).failed);

    SseParser parser(4);
    EXPECT_FALSE(parser.feed("data: a"));
    const auto again = parser.feed("\n\n");
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().kind, FailureKind::bad_response);
}

TEST(SseParser, ALineWithoutEndIsStoppedAtTheLimit) {
    SseParser parser(1000);
    const std::string piece(100, 'x');
    for (int i = 0; i < 10; ++i)
        ASSERT_TRUE(parser.feed(piece)) << i;
    EXPECT_FALSE(parser.feed("x"));
}

TEST(SseParser, CommentsNeverAddUp) {
    SseParser parser(20);
    for (int i = 0; i < 100; ++i)
        ASSERT_TRUE(parser.feed(": still here\n"));
    const auto events = parser.feed("data: a\n\n");
    ASSERT_TRUE(events);
    EXPECT_EQ(*events, Events{data("a")});
}

TEST(SseParser, KnowsWhetherAnEventHasBegun) {
    SseParser parser;
    EXPECT_FALSE(parser.inside_event());
    ASSERT_TRUE(parser.feed("data"));
    EXPECT_TRUE(parser.inside_event());
    ASSERT_TRUE(parser.feed(": a\n"));
    EXPECT_TRUE(parser.inside_event());
    ASSERT_TRUE(parser.feed("\n"));
    EXPECT_FALSE(parser.inside_event());
}

}  // namespace
}  // namespace enough
