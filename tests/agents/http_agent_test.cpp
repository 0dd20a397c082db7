#include "providers/http_agent.hpp"

#include "agents/recording_sink.hpp"
#include "support/fake_server.hpp"
#include "support/run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <boost/asio/this_coro.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

namespace enough {
namespace {

using namespace std::chrono_literals;
using namespace test;
using testing::HasSubstr;
using Json = nlohmann::json;

/// Adds up the texts of `{"text":"…"}`; `{"end":true}` is the end.
class TextReader final : public AnswerReader {
public:
    Result<Progress> event(const SseEvent& event) override { return document(event.data); }
    Result<Progress> document(const std::string& body) override {
        const auto json = Json::parse(body, nullptr, false);
        if (!json.is_object()) return Failure{FailureKind::bad_response, "no object"};
        text_ += json.value("text", "");
        complete_ = complete_ || json.contains("end");
        return complete_ ? Progress::done : Progress::advanced;
    }
    bool complete() const override { return complete_; }
    Result<Answer> finish(std::int64_t) override {
        if (!complete_) return Failure{FailureKind::stream_cut, "cut"};
        return stopped_early(0);
    }
    Answer stopped_early(std::int64_t) override {
        Answer answer;
        answer.text = text_;
        return answer;
    }
    Usage spent(std::int64_t input_estimate) const override { return {input_estimate, 0, 3, 0, true}; }

private:
    std::string text_;
    bool complete_ = false;
};

class TextProtocol final : public HttpProtocol {
public:
    explicit TextProtocol(std::string url, bool prepared) : url_(std::move(url)), prepared_(prepared) {}

    std::string origin() const override { return url_; }
    HttpRequest request(const Request& asked) const override {
        return post("/ask", Json{{"k", asked.top_logprobs}, {"stream", asked.streamed}}.dump());
    }
    std::unique_ptr<AnswerReader> reader(const Request&) const override { return std::make_unique<TextReader>(); }
    Framing framing() const override { return Framing::lines; }
    std::optional<HttpRequest> preparation(const Request&) const override {
        if (!prepared_) return std::nullopt;
        return post("/prepare", "{}");
    }
    Result<HttpRequest> request_after(const std::string& preparation, const Request&) const override {
        if (preparation.empty()) return Failure{FailureKind::bad_response, "nothing was prepared"};
        return post("/ask", preparation);
    }

private:
    HttpRequest post(const std::string& path, std::string body) const {
        HttpRequest request;
        request.url = url_ + path;
        request.body = std::move(body);
        return request;
    }

    std::string url_;
    bool prepared_;
};

Task<Result<Answer>> ask(std::unique_ptr<HttpProtocol> protocol, ServerSettings settings, Request request) {
    const auto agent = make_http_agent(std::move(protocol), std::move(settings), co_await asio::this_coro::executor);
    co_return co_await agent->ask(std::move(request));
}

Result<Answer> ask(const FakeServer& server, Request request = {}, bool prepared = false,
                   ServerSettings settings = {}) {
    return run(ask(std::make_unique<TextProtocol>(server.url(""), prepared), std::move(settings), std::move(request)));
}

TEST(HttpAgent, ReadsAStreamOfLines) {
    FakeServer server([](FakeExchange& exchange) {
        exchange.start_stream();
        for (const char* piece : {"{\"text\":\"a\"}\n{\"te", "xt\":\"b\"}\n", "{\"text\":\"c\",\"end\":true}"})
            exchange.chunk(piece);
        exchange.end_stream();
    });
    const auto answer = ask(server);
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->text, "abc");
    EXPECT_TRUE(answer->first_token);
}

TEST(HttpAgent, ACutStreamOfLinesIsNoAnswer) {
    FakeServer server([](FakeExchange& exchange) {
        exchange.start_stream();
        exchange.chunk("{\"text\":\"a\"}\n");
        exchange.end_stream();
    });
    const auto answer = ask(server);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, FailureKind::stream_cut);
}

TEST(HttpAgent, AsksForADocumentWhereOneIsWanted) {
    FakeServer server([](FakeExchange& exchange) { exchange.answer(200, "{\"text\":\"a\",\n\"end\":true}"); });
    Request request;
    request.streamed = false;
    const auto answer = ask(server, request);
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->text, "a");
    EXPECT_EQ(Json::parse(server.requests().at(0).body)["stream"], false);
}

TEST(HttpAgent, ADocumentIsNotHeldToTheFirstToken) {
    FakeServer server([](FakeExchange& exchange) {
        exchange.pause(100ms);
        exchange.answer(200, R"({"text":"a","end":true})");
    });
    ServerSettings settings;
    settings.timeouts.first_token = 20ms;
    Request request;
    request.streamed = false;
    EXPECT_TRUE(ask(server, request, false, settings));
    EXPECT_FALSE(ask(server, {}, false, settings));
}

TEST(HttpAgent, MakesTheRequestOfWhatWasPrepared) {
    FakeServer server([](FakeExchange& exchange) {
        if (exchange.request().target == "/prepare") return exchange.answer(200, R"({"prompt":"<user>hi"})");
        exchange.answer(200, "{\"text\":\"a\",\"end\":true}\n");
    });
    const auto answer = ask(server, {}, true);
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(server.requests().at(1).target, "/ask");
    EXPECT_EQ(server.requests().at(1).body, R"({"prompt":"<user>hi"})");
    EXPECT_EQ(server.counts().connections, 1U) << "both go over one connection";
}

TEST(HttpAgent, AFailedPreparationIsTheCallsFailure) {
    FakeServer refusing(
        [](FakeExchange& exchange) { exchange.answer(404, R"({"error":{"message":"no templates"}})"); });
    auto answer = ask(refusing, {}, true);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, FailureKind::bad_request);
    EXPECT_THAT(answer.error().message, HasSubstr("no templates"));
    EXPECT_EQ(refusing.counts().requests, 1U);

    FakeServer empty([](FakeExchange& exchange) { exchange.answer(200, ""); });
    answer = ask(empty, {}, true);
    ASSERT_FALSE(answer);
    EXPECT_THAT(answer.error().message, HasSubstr("nothing was prepared"));
    EXPECT_THAT(answer.error().message, HasSubstr(empty.url("")));
}

TEST(HttpAgent, LearnsAboutCandidatesInEveryProtocol) {
    FakeServer server([](FakeExchange& exchange) {
        const int count = Json::parse(exchange.request().body)["k"];
        if (count > 5) return exchange.answer(400, R"({"error":{"message":"logprobs: at most 5"}})");
        if (count > 0) return exchange.answer(422, R"({"error":{"message":"no logprobs at all"}})");
        exchange.answer(200, "{\"text\":\"a\",\"end\":true}\n");
    });
    Request request;
    request.top_logprobs = 20;
    const auto answer = ask(server, request);
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_TRUE(answer->logprobs_refused);
    EXPECT_EQ(Json::parse(server.requests().at(1).body)["k"], 5);
    EXPECT_EQ(server.counts().requests, 3U);
}

TEST(HttpAgent, ALineThatIsNoDocumentIsABadResponse) {
    FakeServer server([](FakeExchange& exchange) {
        exchange.start_stream();
        exchange.chunk("\n[]\n");
        exchange.end_stream();
    });
    const auto answer = ask(server);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, FailureKind::bad_response);
    EXPECT_EQ(answer.error().spent.output_tokens, 3) << "what the reader says was spent";
}

}  // namespace
}  // namespace enough
