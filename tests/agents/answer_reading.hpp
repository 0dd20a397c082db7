#pragma once

#include "providers/http_protocol.hpp"
#include "providers/stream_events.hpp"

#include "agents/recording_sink.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace enough::test {

inline constexpr std::int64_t guessed_input = 7;

struct Reading {
    Result<Answer> answer = Answer();
    RecordingSink seen;
};

/// Reads as `HttpAgent` does, what arrives in these pieces.
template <class Reader>
Reading read_pieces(Framing framing, const std::vector<std::string_view>& pieces,
                    std::optional<std::size_t> stop_at = std::nullopt) {
    Reading out;
    out.seen = RecordingSink(stop_at);
    Reader reader(&out.seen);
    StreamEvents stream(framing, 1024 * 1024);
    const auto read = [&](const std::vector<SseEvent>& events) {
        for (const auto& event : events) {
            const auto progress = reader.event(event);
            if (!progress) {
                auto failure = progress.error();
                failure.spent = reader.spent(guessed_input);
                out.answer = std::move(failure);
                return false;
            }
            if (*progress == AnswerReader::Progress::stopped) {
                out.answer = reader.stopped_early(guessed_input);
                return false;
            }
            if (*progress == AnswerReader::Progress::done) break;
        }
        return true;
    };
    for (const auto piece : pieces) {
        if (!read(stream.feed(piece).value())) return out;
    }
    if (read(stream.finish())) out.answer = reader.finish(guessed_input);
    return out;
}

template <class Reader>
Reading read_stream(Framing framing, std::string_view bytes, std::optional<std::size_t> stop_at = std::nullopt) {
    return read_pieces<Reader>(framing, {bytes}, stop_at);
}

template <class Reader>
Reading read_whole(const std::string& body) {
    Reading out;
    Reader reader(&out.seen);
    const auto progress = reader.document(body);
    out.answer = progress ? reader.finish(guessed_input) : Result<Answer>(progress.error());
    return out;
}

inline void expect_same(const Reading& a, const Reading& b, const std::string& where) {
    ASSERT_EQ(a.answer.has_value(), b.answer.has_value()) << where;
    EXPECT_EQ(a.answer->text, b.answer->text) << where;
    EXPECT_EQ(a.answer->reasoning, b.answer->reasoning) << where;
    EXPECT_EQ(a.answer->tool_calls, b.answer->tool_calls) << where;
    EXPECT_EQ(a.answer->finish_reason, b.answer->finish_reason) << where;
    EXPECT_EQ(a.answer->usage, b.answer->usage) << where;
    EXPECT_EQ(a.seen.tokens, b.seen.tokens) << where;
    EXPECT_EQ(a.seen.text, b.seen.text) << where;
}

/// Wherever the stream is cut in two, the same comes of it.
template <class Reader>
void expect_same_however_cut(Framing framing, std::string_view bytes) {
    const auto whole = read_stream<Reader>(framing, bytes);
    ASSERT_TRUE(whole.answer);
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        const auto parts = read_pieces<Reader>(framing, {bytes.substr(0, cut), bytes.substr(cut)});
        expect_same(whole, parts, "cut at " + std::to_string(cut));
    }
}

/// A stream that ends before `complete_at` is no answer, and what was shown of it is counted.
template <class Reader>
void expect_no_answer_before(std::size_t complete_at, Framing framing, std::string_view bytes) {
    for (std::size_t length = 0; length < bytes.size(); ++length) {
        const auto part = read_stream<Reader>(framing, bytes.substr(0, length));
        if (length >= complete_at) {
            EXPECT_TRUE(part.answer) << length;
            continue;
        }
        ASSERT_FALSE(part.answer) << length;
        const auto& failure = part.answer.error();
        // A line is a line without its end as well; its beginning is none.
        const bool torn_line = framing == Framing::lines && failure.kind == FailureKind::bad_response;
        EXPECT_TRUE(failure.kind == FailureKind::stream_cut || torn_line) << length << ": " << failure.message;
        EXPECT_TRUE(failure.spent.estimated) << length;
        const bool shown = !part.seen.text.empty() || !part.seen.reasoning.empty();
        EXPECT_TRUE(!shown || failure.spent.output_tokens > 0) << length;
    }
}

/// None of this may throw, and none of it may become an answer.
template <class Reader>
void expect_bad_events() {
    const std::vector<std::string> bad{
        "", "{", "null", "[]", "7", "\"a\"", "{\"a\":\xff}", "{\"a\":\"\xc3\"}", "{]}", std::string(100'000, '[')};
    for (const auto& data : bad) {
        Reader reader(nullptr);
        const auto progress = reader.event({{}, data, {}});
        ASSERT_FALSE(progress) << data.substr(0, 20);
        EXPECT_EQ(progress.error().kind, FailureKind::bad_response);
        EXPECT_THAT(progress.error().message, testing::HasSubstr("event 1 of the stream"));
    }
}

}  // namespace enough::test
