// Servers that mean harm, or are merely broken: every call ends in bounded time and memory with a failure in words.

#include "agents/openai_agent_fixture.hpp"

#include "providers/utf8.hpp"

#include <gmock/gmock.h>

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();  // g++ installs no header for it
#endif

namespace enough {
namespace {

using namespace std::chrono_literals;
using namespace test;
using testing::HasSubstr;

constexpr std::size_t mebibyte = 1024 * 1024;
constexpr const char* ok_head = "HTTP/1.1 200 OK\r\n";
constexpr const char* stream_head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n";

class HostileServer : public OpenAiAgentTest {
protected:
    /// Asks a server that answers so; no single wait is longer than the fixture's own limit.
    Failure failure_of(FakeHandler handler) {
        settings_.timeouts.first_token = 2s;
        settings_.timeouts.idle = 500ms;
        settings_.timeouts.total = 10s;
        serve(std::move(handler));
        const auto result = ask();
        const auto address = "127.0.0.1:" + std::to_string(server_->port());
        server_.reset();  // what the handler refers to may end now
        EXPECT_FALSE(result) << "answered: " << result->text.substr(0, 100);
        if (result) return {};
        EXPECT_LT(result.error().message.size(), 1'000U) << "no unbounded text of the server's";
        EXPECT_THAT(result.error().message, HasSubstr(address));
        return result.error();
    }

    Failure failure_of_bytes(const std::string& bytes) {
        return failure_of([bytes](FakeExchange& exchange) {
            exchange.send(bytes);
            exchange.close();
        });
    }
};

/// Memory in use: what the system has given, or, since a sanitizer holds on to what was freed, what it has handed out.
std::size_t memory_in_use() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return __sanitizer_get_current_allocated_bytes();
#else
    std::size_t all = 0;
    std::size_t resident = 0;
    std::ifstream("/proc/self/statm") >> all >> resident;
    return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
#endif
}

/// Looks at the process's memory while tokens come.
class MemoryWatch final : public AnswerSink {
public:
    Flow on_token(const Token&) override {
        ++tokens;
        if (tokens == 500) settled = memory_in_use();
        if (tokens > 500 && tokens % 100 == 0) most = std::max(most, memory_in_use());
        return Flow::go_on;
    }
    void on_text(Phase, std::string_view) override {}
    void on_restart() override {}

    std::size_t tokens = 0;
    std::size_t settled = 0;
    std::size_t most = 0;
};

/// What passes in the test of memory; bench/endless_stream.sh wants more, with an optimised build.
std::size_t endless_bytes() {
    const char* wanted = std::getenv("ENOUGH_ENDLESS_MIB");
    return (wanted == nullptr ? 48 : static_cast<std::size_t>(std::atoi(wanted))) * mebibyte;
}

TEST_F(HostileServer, MemoryStaysFlatHoweverMuchPasses) {
    const std::size_t all = endless_bytes();
    const std::string padding(20'000, 'x');
    std::size_t sent = 0;
    serve([&](FakeExchange& exchange) {
        exchange.start_stream();
        auto event = content_chunk("a");
        event.insert(1, R"("padding":")" + padding + R"(",)");
        const std::string comment = ": " + padding + "\n\n";
        while (sent < all && !exchange.client_gone()) {
            exchange.event(event);
            exchange.chunk(comment);
            sent += event.size() + comment.size();
        }
        exchange.event(finish_chunk());
        exchange.event("[DONE]");
        exchange.end_stream();
    });
    MemoryWatch watch;
    auto request = question();
    request.sink = &watch;
    const auto answer = ask(request);
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_GE(sent, all);
    EXPECT_GT(watch.tokens, all / 50'000);
    EXPECT_EQ(answer->text.size(), watch.tokens);
    ASSERT_GT(watch.most, 0U);
    EXPECT_LT(watch.most, watch.settled + 8 * mebibyte) << "a sixth of what has passed, or less";
    std::printf("%zu MiB passed; in use after 500 tokens %.1f MiB, at most %.1f MiB\n", sent / mebibyte,
                static_cast<double>(watch.settled) / mebibyte, static_cast<double>(watch.most) / mebibyte);
}

TEST_F(HostileServer, AStreamWithoutEndIsStoppedAtTheTimeOrTheSizeOfAnAnswer) {
    settings_.timeouts.total = 300ms;
    serve([](FakeExchange& exchange) {
        exchange.start_stream();
        while (!exchange.client_gone())
            exchange.event(content_chunk("and on"));
    });
    const auto slow = ask();
    ASSERT_FALSE(slow);
    EXPECT_EQ(slow.error().kind, FailureKind::timeout);
    EXPECT_THAT(slow.error().message, HasSubstr("total"));
    EXPECT_GT(slow.error().spent.output_tokens, 0) << "what came is counted";
    EXPECT_TRUE(server_->wait_until_client_closed());

    const std::string much(500'000, 'x');
    const auto large = failure_of([&](FakeExchange& exchange) {
        exchange.start_stream();
        while (!exchange.client_gone())
            exchange.event(chunk(R"({"content":")" + much + "\"}"));
    });
    EXPECT_TRUE(large.kind == FailureKind::bad_response || large.kind == FailureKind::timeout) << large.message;
}

TEST_F(HostileServer, AnEventOfTwentyMegabytes) {
    const std::string huge(20 * mebibyte, 'x');
    const auto failure = failure_of([&](FakeExchange& exchange) {
        exchange.start_stream();
        exchange.event(huge);
        exchange.end_stream();
    });
    EXPECT_EQ(failure.kind, FailureKind::bad_response);
    EXPECT_THAT(failure.message, HasSubstr("event"));
}

/// A byte every few milliseconds, until the client has had enough.
void drip(FakeExchange& exchange, const std::string& bytes) {
    for (std::size_t i = 0; !exchange.client_gone(); ++i) {
        exchange.send(bytes.substr(i % bytes.size(), 1));
        exchange.pause(2ms);
    }
}

TEST_F(HostileServer, ADripOfBytesIsNoProgress) {
    settings_.timeouts.first_token = 150ms;
    settings_.timeouts.idle = 100ms;
    const std::vector<std::pair<const char*, FakeHandler>> drips = {
        {"first_token", [](FakeExchange& exchange) { drip(exchange, "HTTP/1.1 200 OK and nothing else for ages"); }},
        {"first_token",
         [](FakeExchange& exchange) {
             exchange.send(std::string(stream_head) + "\r\n");
             drip(exchange, "data: {\"choices\":[{\"delta\":{\"content\":\"never done ");
         }},
        {"idle",
         [](FakeExchange& exchange) {
             exchange.send(std::string(stream_head) + "\r\ndata: " + content_chunk("4") + "\n\n");
             drip(exchange, "data: {\"choices\":[{\"delta\":{\"content\":\"never done ");
         }},
        {"idle",
         [](FakeExchange& exchange) {
             exchange.send(std::string(stream_head) + "\r\ndata: " + content_chunk("4") + "\n\n");
             drip(exchange, ":\n");
         }},
    };
    for (const auto& [limit, handler] : drips) {
        serve(handler);
        const auto result = ask();
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().kind, FailureKind::timeout);
        EXPECT_THAT(result.error().message, HasSubstr(limit));
        EXPECT_TRUE(server_->wait_until_client_closed());
    }
    // A document has no tokens on the way: its bound is the whole attempt's.
    settings_.timeouts.total = 200ms;
    serve([](FakeExchange& exchange) {
        exchange.send(std::string(ok_head) + "Content-Type: application/json\r\n\r\n");
        drip(exchange, "{\"choices\":[{\"message\":{\"content\":\"never done ");
    });
    const auto document = ask();
    ASSERT_FALSE(document);
    EXPECT_EQ(document.error().kind, FailureKind::timeout) << document.error().message;
}

TEST_F(HostileServer, AHeaderThatStops) {
    settings_.timeouts.first_token = 50ms;
    serve([](FakeExchange& exchange) {
        exchange.send("HTTP/1.1 200 OK\r\nContent-Type: text/ev");
        exchange.stall();
    });
    const auto result = ask();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, FailureKind::timeout);
}

TEST_F(HostileServer, AContentLengthThatIsWrong) {
    const std::string stream = sse(good_stream());
    const auto with_length = [&](const std::string& body, std::size_t length, const std::string& type) {
        return "HTTP/1.1 200 OK\r\nContent-Type: " + type + "\r\nContent-Length: " + std::to_string(length) +
               "\r\n\r\n" + body;
    };
    const std::string half = stream.substr(0, stream.find("finish_reason\":\"stop"));
    EXPECT_EQ(failure_of_bytes(with_length(half, stream.size(), "text/event-stream")).kind, FailureKind::stream_cut);
    EXPECT_EQ(failure_of_bytes(with_length(stream, half.size() - 40, "text/event-stream")).kind,
              FailureKind::stream_cut)
        << "what stands beyond the length is not part of the answer";
    const std::string document = R"({"choices":[{"message":{"content":"4"},"finish_reason":"stop"}]})";
    EXPECT_EQ(failure_of_bytes(with_length(document, document.size() + 9, "application/json")).kind,
              FailureKind::stream_cut);
    EXPECT_EQ(failure_of_bytes(with_length(document, document.size() - 9, "application/json")).kind,
              FailureKind::bad_response);
    EXPECT_EQ(failure_of_bytes("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n").kind,
              FailureKind::bad_response);
}

TEST_F(HostileServer, GarbageAndPages) {
    for (const std::string& bytes : {
             std::string("\x16\x03\x01\x02garbage\r\n\r\n"),
             std::string(300'000, '\0'),
             std::string("220 smtp.test ESMTP\r\n"),
         }) {
        EXPECT_EQ(failure_of_bytes(bytes).kind, FailureKind::bad_response) << bytes.substr(0, 20);
    }
    const std::string page = "<!doctype html><h1>Log in</h1><script>" + std::string(100'000, 'x') + "</script>";
    for (const char* type : {"text/html", "application/json", "text/plain"}) {
        const auto failure =
            failure_of([&](FakeExchange& exchange) { exchange.answer(200, page, {{"Content-Type", type}}); });
        EXPECT_EQ(failure.kind, FailureKind::bad_response) << type;
    }
    const auto posing = failure_of(
        [&](FakeExchange& exchange) { exchange.answer(200, page, {{"Content-Type", "text/event-stream"}}); });
    EXPECT_TRUE(posing.kind == FailureKind::stream_cut || posing.kind == FailureKind::bad_response) << posing.message;
    const auto zipped = failure_of([](FakeExchange& exchange) {
        exchange.answer(200, "\x1f\x8b\x08\x01\x02\x03", {{"Content-Encoding", "gzip"}});
    });
    EXPECT_TRUE(zipped.kind == FailureKind::stream_cut || zipped.kind == FailureKind::bad_response) << zipped.message;
}

TEST_F(HostileServer, InvalidUtf8NeverGetsFurther) {
    for (const std::string& bytes : {std::string("\xff\xfe"), std::string("\xc3"), std::string("\xed\xa0\x80"),
                                     std::string("\xf4\x90\x80\x80"), std::string("\xc0\x80")}) {
        serve([&](FakeExchange& exchange) {
            exchange.start_stream();
            exchange.event(chunk(R"({"content":"a)" + bytes + R"(b"})"));
            exchange.event(finish_chunk());
            exchange.event("[DONE]");
            exchange.end_stream();
        });
        const auto result = ask();
        if (result)
            EXPECT_TRUE(is_utf8(result->text));
        else
            EXPECT_EQ(result.error().kind, FailureKind::bad_response);
    }
}

TEST_F(HostileServer, JsonThatIsNestedWithoutEnd) {
    const std::string deep = std::string(200'000, '[') + std::string(200'000, ']');
    EXPECT_EQ(failure_of([&](FakeExchange& exchange) {
                  exchange.start_stream();
                  exchange.event(R"({"choices":)" + deep + "}");
                  exchange.end_stream();
              }).kind,
              FailureKind::bad_response);
    EXPECT_EQ(failure_of([&](FakeExchange& exchange) { exchange.answer(200, R"({"choices":)" + deep + "}"); }).kind,
              FailureKind::bad_response);
    const auto refused =
        failure_of([&](FakeExchange& exchange) { exchange.answer(500, R"({"error":{"message":)" + deep + "}}"); });
    EXPECT_EQ(refused.kind, FailureKind::server_error) << "the status alone says enough";
}

TEST_F(HostileServer, HeaderBombs) {
    const std::string large(10 * mebibyte, 'x');
    std::string many;
    for (int i = 0; i < 100'000; ++i)
        many += "X-" + std::to_string(i) + ": y\r\n";
    for (const std::string& headers : {"X-Large: " + large + "\r\n", many}) {
        const auto failure = failure_of_bytes(ok_head + headers + "\r\n");
        EXPECT_EQ(failure.kind, FailureKind::bad_response);
        EXPECT_THAT(failure.message, HasSubstr("sent a header of more than"));
    }
    const auto endless = failure_of([](FakeExchange& exchange) {
        exchange.send(std::string(ok_head) + "X-Endless: ");
        const std::string piece(10'000, 'x');
        while (!exchange.client_gone())
            exchange.send(piece);
    });
    EXPECT_EQ(endless.kind, FailureKind::bad_response);
    const auto interim = failure_of([](FakeExchange& exchange) {
        while (!exchange.client_gone())
            exchange.send("HTTP/1.1 100 Continue\r\n\r\n");
    });
    EXPECT_NE(interim.kind, FailureKind::script_ended) << "interim answers without end are given up, too";
}

TEST_F(HostileServer, ChunkSizeBombs) {
    const std::string head = std::string(stream_head) + "Transfer-Encoding: chunked\r\n\r\n";
    for (const char* size : {"FFFFFFFFFFFFFFFF", "FFFFFFFFFFFFFFFFF", "-1", "zz", ""}) {
        const auto failure = failure_of_bytes(head + size + "\r\nxxxx");
        EXPECT_TRUE(failure.kind == FailureKind::bad_response || failure.kind == FailureKind::stream_cut)
            << size << ": " << failure.message;
    }
    const auto before = memory_in_use();
    const auto stalled = failure_of([&](FakeExchange& exchange) {
        exchange.send(head + "7FFFFFF\r\n: a promise of 128 MiB, of which little comes");
        exchange.stall();
    });
    EXPECT_EQ(stalled.kind, FailureKind::timeout) << stalled.message;
    EXPECT_LT(memory_in_use(), before + 64 * mebibyte) << "nothing is set aside for what was only promised";
}

}  // namespace
}  // namespace enough
