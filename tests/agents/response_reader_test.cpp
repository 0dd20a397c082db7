#include "net/response_reader.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

namespace enough {
namespace {

struct Outcome {
    int status = 0;
    std::string body;
    bool done = false;
    bool reusable = false;
    std::optional<Failure> failure;
};

/// Everything the reader makes of `text`, given in pieces of `piece` bytes, and then of the stream's end.
Outcome read(std::string_view text, std::size_t piece, ResponseLimits limits = {},
             ResponseReader::Body expects = ResponseReader::Body::as_stated, bool orderly = true) {
    ResponseReader reader(limits, expects, "the server");
    Outcome outcome;
    bool has_header = false;
    const auto take_in = [&] {
        if (!has_header) {
            const auto header = reader.read_header();
            if (!header) outcome.failure = header.error();
            has_header = header && *header;
        }
        while (has_header && !outcome.failure) {
            const auto body = reader.read_body();
            if (!body) outcome.failure = body.error();
            if (!body || body->empty()) break;
            outcome.body += *body;
        }
    };
    while (!text.empty() && !outcome.failure && !reader.done()) {
        const auto room = reader.prepare();
        const auto size = std::min({piece, text.size(), room.size()});
        std::memcpy(room.data(), text.data(), size);
        reader.commit(size);
        text.remove_prefix(size);
        take_in();
    }
    if (!outcome.failure && !reader.done()) {
        const auto end = reader.end_of_stream(orderly);
        if (!end) outcome.failure = end.error();
    }
    outcome.done = reader.done();
    outcome.reusable = reader.reusable() && text.empty();
    if (has_header) outcome.status = reader.status();
    return outcome;
}

const std::string chunked =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: text/event-stream\r\n\r\n"
    "5\r\nhello\r\n1;name=\"value\"\r\n,\r\nA\r\n 0123\r\nend\r\n0\r\nTrailer: x\r\n\r\n";

TEST(ResponseReader, ReadsChunksInPiecesOfAnySize) {
    for (std::size_t piece = 1; piece <= chunked.size(); ++piece) {
        const auto outcome = read(chunked, piece);
        ASSERT_FALSE(outcome.failure) << piece << ": " << outcome.failure->message;
        EXPECT_EQ(outcome.status, 200);
        EXPECT_EQ(outcome.body, "hello, 0123\r\nend") << piece;
        EXPECT_TRUE(outcome.done) << piece;
        EXPECT_TRUE(outcome.reusable) << piece;
    }
}

// The shortest chunked body, which Boost.Beast's own assertion does not expect to come in pieces.
TEST(ResponseReader, ReadsAnEmptyChunkedBodyInPiecesOfAnySize) {
    const std::string empty = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    for (std::size_t piece = 1; piece <= empty.size(); ++piece) {
        const auto outcome = read(empty, piece);
        ASSERT_FALSE(outcome.failure) << piece << ": " << outcome.failure->message;
        EXPECT_EQ(outcome.body, "");
        EXPECT_TRUE(outcome.reusable) << piece;
    }
}

TEST(ResponseReader, AnEndAnywhereInsideIsACut) {
    for (std::size_t size = 1; size < chunked.size(); ++size) {
        const auto outcome = read(std::string_view(chunked).substr(0, size), size);
        ASSERT_TRUE(outcome.failure) << size;
        EXPECT_EQ(outcome.failure->kind, FailureKind::stream_cut) << size;
        EXPECT_TRUE(outcome.failure->retryable);
    }
}

TEST(ResponseReader, AnEndBeforeTheFirstByteIsNoAnswer) {
    const auto outcome = read("", 1);
    ASSERT_TRUE(outcome.failure);
    EXPECT_EQ(outcome.failure->kind, FailureKind::connect);
}

TEST(ResponseReader, ReadsContentOfAStatedLength) {
    const std::string text = "HTTP/1.1 404 Not Found\r\ncontent-length: 4\r\n\r\nnope";
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
        const auto outcome = read(text, piece);
        EXPECT_EQ(outcome.status, 404);
        EXPECT_EQ(outcome.body, "nope");
        EXPECT_TRUE(outcome.reusable);
    }
}

TEST(ResponseReader, ReadsContentUpToTheEndOfTheConnection) {
    const std::string text = "HTTP/1.1 200 OK\r\n\r\nall of it";
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
        const auto outcome = read(text, piece);
        EXPECT_FALSE(outcome.failure);
        EXPECT_EQ(outcome.body, "all of it");
        EXPECT_TRUE(outcome.done);
        EXPECT_FALSE(outcome.reusable);
    }
    const auto truncated = read(text, 100, {}, ResponseReader::Body::as_stated, false);
    ASSERT_TRUE(truncated.failure);
    EXPECT_EQ(truncated.failure->kind, FailureKind::stream_cut);
}

TEST(ResponseReader, SkipsInterimResponses) {
    const std::string text =
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: "
        "2\r\n\r\nok";
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
        const auto outcome = read(text, piece);
        ASSERT_FALSE(outcome.failure) << piece;
        EXPECT_EQ(outcome.status, 200);
        EXPECT_EQ(outcome.body, "ok");
    }
}

TEST(ResponseReader, AnInterimResponseIsNoAnswer) {
    const std::string text = "HTTP/1.1 100 Continue\r\n\r\n";
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
        const auto outcome = read(text, piece);
        ASSERT_TRUE(outcome.failure) << piece;
        EXPECT_EQ(outcome.failure->kind, FailureKind::stream_cut);
        EXPECT_FALSE(outcome.done);
    }
}

TEST(ResponseReader, KnowsAnswersWithoutContent) {
    EXPECT_TRUE(read("HTTP/1.1 204 No Content\r\n\r\n", 100).reusable);
    EXPECT_TRUE(read("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", 100, {}, ResponseReader::Body::none).done);
    EXPECT_TRUE(read("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 100).reusable);
}

TEST(ResponseReader, DoesNotReuseAConnectionThatCloses) {
    EXPECT_FALSE(read("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", 100).reusable);
    EXPECT_FALSE(read("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", 100).reusable);
    EXPECT_FALSE(read("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nmore", 100).reusable);
}

TEST(ResponseReader, FindsHeadersByNameWithoutCase) {
    ResponseReader reader(ResponseLimits(), ResponseReader::Body::as_stated, "the server");
    const std::string_view text = "HTTP/1.1 429 Slow\r\nRetry-After: 3\r\nX: 1\r\nX: 2\r\nContent-Length: 0\r\n\r\n";
    std::memcpy(reader.prepare().data(), text.data(), text.size());
    reader.commit(text.size());
    ASSERT_TRUE(reader.read_header());
    EXPECT_EQ(reader.header("retry-after"), "3");
    EXPECT_EQ(reader.header("x"), "1");
    EXPECT_EQ(reader.header("y"), std::nullopt);
}

std::string bad_response(std::string_view text, std::size_t piece, ResponseLimits limits = {}) {
    const auto outcome = read(text, piece, limits);
    if (!outcome.failure) return "no failure";
    EXPECT_EQ(outcome.failure->kind, FailureKind::bad_response) << outcome.failure->message;
    EXPECT_FALSE(outcome.failure->retryable);
    return outcome.failure->message;
}

TEST(ResponseReader, BoundsWhatItTakes) {
    ResponseLimits limits;
    limits.header_bytes = 1000;
    limits.body_bytes = 8;
    const std::string many_headers = "HTTP/1.1 200 OK\r\nX: " + std::string(2000, 'x') + "\r\n\r\n";
    const std::string endless_line = "HTTP/1.1 200 " + std::string(200'000, 'x');
    const std::string endless_chunk_header =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + std::string(200'000, 'x');
    const std::string long_body = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123456789";
    const std::string long_chunks =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n12345678\r\n1\r\n9\r\n0\r\n\r\n";
    const std::string until_close = "HTTP/1.1 200 OK\r\n\r\n123456789";
    for (const std::size_t piece : {7U, 4096U}) {
        for (const auto* text : {&many_headers, &endless_line, &endless_chunk_header})
            EXPECT_EQ(bad_response(*text, piece, limits), "the server sent a header of more than 1000 bytes");
        for (const auto* text : {&long_body, &long_chunks, &until_close})
            EXPECT_EQ(bad_response(*text, piece, limits), "the server sent an answer of more than 8 bytes");
    }
}

TEST(ResponseReader, RefusesWhatIsNoHttp) {
    for (const auto* text : {"SSH-2.0-OpenSSH_9\r\n", "\x15\x03\x01\x00\x02\x02\x28", "HTTP/2 200\r\n\r\n",
                             "HTTP/1.1 101 Switching Protocols\r\n\r\n", "HTTP/1.1 20 X\r\n\r\n",
                             "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
                             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"}) {
        for (const std::size_t piece : {1U, 4096U})
            EXPECT_NE(bad_response(text, piece).find("HTTP/1.1"), std::string::npos);
    }
}

}  // namespace
}  // namespace enough
