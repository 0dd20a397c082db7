#include "providers/stream_events.hpp"

#include <gtest/gtest.h>

#include <string>

namespace enough {
namespace {

std::vector<std::string> data_of(Framing framing, const std::string& bytes, std::size_t size) {
    StreamEvents events(framing, 1024);
    std::vector<std::string> out;
    const auto take = [&](const std::vector<SseEvent>& more) {
        for (const auto& event : more)
            out.push_back(event.data);
    };
    for (std::size_t at = 0; at < bytes.size(); at += size) {
        const auto more = events.feed(std::string_view(bytes).substr(at, size));
        EXPECT_TRUE(more);
        if (more) take(*more);
    }
    take(events.finish());
    return out;
}

TEST(StreamEvents, LinesAreDocumentsHoweverTheyAreCut) {
    const std::vector<std::string> want{R"({"a":1})", R"({"b":"ü"})", R"({"c":3})"};
    const std::string bytes = "{\"a\":1}\n\r\n  \n{\"b\":\"ü\"}\n{\"c\":3}";
    for (std::size_t size = 1; size <= bytes.size(); ++size)
        EXPECT_EQ(data_of(Framing::lines, bytes, size), want) << size;
}

TEST(StreamEvents, EventsEndWithAnEmptyLine) {
    EXPECT_EQ(data_of(Framing::events, "data: a\n\ndata: b", 3), std::vector<std::string>{"a"});
}

TEST(StreamEvents, ALineHasABound) {
    StreamEvents events(Framing::lines, 8);
    const auto first = events.feed("{}\n{123456789");
    ASSERT_TRUE(first) << "what was complete before is handed out";
    EXPECT_EQ(first->size(), 1U);
    const auto second = events.feed("0");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, FailureKind::bad_response);
}

}  // namespace
}  // namespace enough
