// Tool servers that are reached by streamable HTTP, against one whose answers are a script.
#include "agents/tool_server_fixture.hpp"
#include "support/fake_server.hpp"

#include <algorithm>
#include <atomic>
#include <map>

namespace enough::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* conversation = "Mcp-Session-Id";

json response(const json& id, json result) {
    return {{"jsonrpc", "2.0"}, {"id", id}, {"result", std::move(result)}};
}

json text_result(const std::string& text) {
    return {{"content", {{{"type", "text"}, {"text", text}}}}};
}

/// Greets, and leaves the rest to a test.
class Greeter {
public:
    explicit Greeter(std::function<void(FakeExchange&, const json&)> rest) : rest_(std::move(rest)) {}

    void operator()(FakeExchange& exchange) {
        if (exchange.request().method == "DELETE") return exchange.answer(200, "");
        const auto message = json::parse(exchange.request().body);
        const auto method = message.value("method", "");
        if (method == "initialize") {
            const auto number = std::to_string(++*greeted_);
            return exchange.answer(
                200,
                response(message["id"], {{"protocolVersion", "2025-03-26"}, {"capabilities", json::object()}}).dump(),
                {{"Content-Type", "application/json"}, {conversation, "c-" + number}});
        }
        if (method == "notifications/initialized") return exchange.answer(202, "");
        rest_(exchange, message);
    }

private:
    std::function<void(FakeExchange&, const json&)> rest_;
    std::shared_ptr<std::atomic<int>> greeted_ = std::make_shared<std::atomic<int>>(0);
};

class McpHttp : public ToolServerTest {
protected:
    void TearDown() override {
        if (fake_ != nullptr) fake_->release();
        ToolServerTest::TearDown();
    }

    void serve(std::function<void(FakeExchange&, const json&)> rest) { serve_bare(Greeter(std::move(rest))); }

    void serve_bare(FakeHandler handler) {
        if (server_ != nullptr) close();
        server_.reset();
        fake_ = std::make_unique<FakeServer>(std::move(handler));
        settings_.url = fake_->url("/mcp?key=query-secret");
        settings_.headers = {{"Authorization", "Bearer header-secret"}, {"Accept", "nothing"}};
        settings_.timeout = 20s;
        open(settings_);
    }

    std::vector<FakeRequest> requests(const std::string& method) const {
        std::vector<FakeRequest> out;
        for (const auto& request : fake_->requests()) {
            const auto message = json::parse(request.body, nullptr, false);
            if (message.is_object() && message.value("method", "") == method) out.push_back(request);
        }
        return out;
    }

    ToolServerSettings settings_;
    std::unique_ptr<FakeServer> fake_;
};

TEST_F(McpHttp, SpeaksTheProtocol) {
    serve([](FakeExchange& exchange, const json& message) {
        exchange.answer(200, response(message["id"], text_result("sunny")).dump());
    });
    EXPECT_EQ(text("weather", R"({"city":"Oslo"})"), "sunny");
    close();
    const auto hello = requests("initialize").at(0);
    EXPECT_EQ(hello.method, "POST");
    EXPECT_EQ(hello.target, "/mcp?key=query-secret");
    EXPECT_EQ(hello.header("Authorization"), "Bearer header-secret");
    EXPECT_EQ(hello.header("Accept"), "application/json, text/event-stream");
    EXPECT_EQ(hello.header("Content-Type"), "application/json");
    EXPECT_EQ(hello.header(conversation), "");
    EXPECT_EQ(json::parse(hello.body)["params"]["protocolVersion"], "2025-06-18");
    const auto call = requests("tools/call").at(0);
    EXPECT_EQ(call.header(conversation), "c-1");
    EXPECT_EQ(call.header("MCP-Protocol-Version"), "2025-03-26");
    EXPECT_EQ(json::parse(call.body)["params"], json::parse(R"({"name":"weather","arguments":{"city":"Oslo"}})"));
    EXPECT_EQ(requests("notifications/initialized").size(), 1U);
    const auto bye = fake_->requests().back();
    EXPECT_EQ(bye.method, "DELETE");
    EXPECT_EQ(bye.header(conversation), "c-1");
}

TEST_F(McpHttp, AsksNothingBeforeTheServerKnowsThatItMay) {
    std::atomic<bool> knows = false;
    serve_bare([&](FakeExchange& exchange) {
        const auto message = json::parse(exchange.request().body, nullptr, false);
        const auto method = message.is_object() ? message.value("method", "") : "";
        if (method == "initialize")
            return exchange.answer(200, response(message["id"], {{"protocolVersion", "2025-06-18"}}).dump());
        if (method == "notifications/initialized") {
            exchange.pause(50ms);
            knows = true;
            return exchange.answer(202, "");
        }
        if (method != "tools/call") return exchange.answer(202, "");
        exchange.answer(200, response(message["id"], text_result(knows ? "good" : "too early")).dump());
    });
    EXPECT_EQ(text("weather"), "good");
    close();
    for (const auto& request : fake_->requests())
        EXPECT_NE(request.method, "DELETE") << "without an id there is nothing to end";
}

TEST_F(McpHttp, AServerMayRefuseTheGreeting) {
    serve_bare([&](FakeExchange& exchange) {
        const auto message = json::parse(exchange.request().body);
        if (message["method"] == "notifications/initialized") return exchange.answer(400, "no");
        exchange.answer(200, response(message["id"], {{"protocolVersion", "2025-06-18"}}).dump());
    });
    EXPECT_THAT(failure(), HasSubstr("answered 400 to notifications/initialized: no"));
}

TEST_F(McpHttp, ReadsAStreamOfEventsAndAnswersTheServersOwnRequests) {
    serve([this](FakeExchange& exchange, const json& message) {
        if (!message.contains("method")) return exchange.answer(202, "");
        exchange.start_stream();
        exchange.event("");
        exchange.event("garbage");
        exchange.event(json{{"jsonrpc", "2.0"}, {"method", "notifications/progress"}}.dump());
        exchange.event(json{{"jsonrpc", "2.0"}, {"id", "p"}, {"method", "ping"}}.dump());
        exchange.event(json{{"jsonrpc", "2.0"}, {"id", 5}, {"method", "sampling/createMessage"}}.dump());
        EXPECT_TRUE(fake_->wait_until([](const auto& counts) { return counts.requests == 5; })) << "both are answered";
        exchange.event(response(4711, text_result("somebody else's")).dump());
        exchange.event(response(message["id"], text_result("mine")).dump());
        exchange.stall();
    });
    EXPECT_EQ(text("weather"), "mine") << "before the stream's end";
    std::map<std::string, json> answers;
    for (const auto& request : fake_->requests()) {
        const auto message = json::parse(request.body);
        if (!message.contains("method")) answers[message["id"].dump()] = message;
    }
    ASSERT_EQ(answers.size(), 2U);
    EXPECT_EQ(answers["\"p\""]["result"], json::object());
    EXPECT_EQ(answers["5"]["error"]["code"], -32601);
}

TEST_F(McpHttp, BeginsAnewOnceWhenItIsForgotten) {
    serve([](FakeExchange& exchange, const json& message) {
        if (exchange.request().header(conversation) == "c-1") return exchange.answer(404, "who are you?");
        exchange.answer(200, response(message["id"], text_result("again")).dump());
    });
    EXPECT_EQ(text("weather"), "again");
    EXPECT_EQ(requests("initialize").size(), 2U);
    EXPECT_EQ(requests("tools/call").size(), 2U);
    for (const auto& request : fake_->requests())
        EXPECT_NE(request.method, "DELETE") << "what is forgotten need not be ended";
}

TEST_F(McpHttp, DoesNotBeginAnewForever) {
    serve([](FakeExchange& exchange, const json&) { exchange.answer(404, "who are you?"); });
    EXPECT_THAT(text("weather"), AllOf(HasSubstr("answered 404 to tools/call: who are you?"),
                                       HasSubstr("is the URL that of an MCP server with streamable HTTP?")));
    EXPECT_EQ(requests("initialize").size(), 2U);
    EXPECT_EQ(requests("tools/call").size(), 2U);
}

TEST_F(McpHttp, ACancelledCallClosesItsSocketAndIsTakenBack) {
    std::atomic<int> cancelled = 0;
    std::atomic<int> slow_id = 0;
    serve([&](FakeExchange& exchange, const json& message) {
        if (message["method"] == "notifications/cancelled") {
            cancelled = message["params"]["requestId"].get<int>();
            return exchange.answer(202, "");
        }
        if (message["params"]["name"] == "slow") {
            slow_id = message["id"].get<int>();
            return void(exchange.stall());
        }
        exchange.answer(200, response(message["id"], text_result("quick")).dump());
    });
    EXPECT_EQ(text("weather"), "quick");
    asio::cancellation_signal cancel;
    const auto slow = begin(server_->call("slow", "{}", Deadline::never()), &cancel);
    EXPECT_EQ(text("weather"), "quick");
    ASSERT_TRUE(run_until([&] { return slow_id != 0; }));
    cancel.emit(asio::cancellation_type::terminal);
    await(slow);
    EXPECT_TRUE(slow->error);
    EXPECT_TRUE(run_until([&] { return cancelled != 0; }));
    EXPECT_EQ(cancelled, slow_id);
    EXPECT_TRUE(run_until([&] { return fake_->counts().closed_by_client == 1; })) << "its own socket";
    EXPECT_EQ(text("weather"), "quick");
}

TEST_F(McpHttp, EveryWaitHasAnEnd) {
    for (const bool begins : {false, true}) {
        serve([begins](FakeExchange& exchange, const json&) {
            if (begins) exchange.start_stream();
            exchange.stall();
        });
        const auto late = call("slow", "{}", Deadline::after(100ms));
        ASSERT_FALSE(late);
        EXPECT_EQ(late.error().kind, FailureKind::timeout);
        EXPECT_THAT(late.error().message, HasSubstr("in time"));
        fake_->release();
    }
}

TEST_F(McpHttp, ClosingDoesNotWaitForASilentServer) {
    serve_bare([](FakeExchange& exchange) { exchange.stall(); });
    const auto call = begin(server_->call("slow", "{}", Deadline::never()));
    context_.poll();
    close();
    EXPECT_THAT(words(result(call)), HasSubstr("was closed"));
}

TEST_F(McpHttp, SaysWhatIsWrong) {
    const struct {
        int status;
        const char* body;
        FailureKind kind;
        const char* message;
    } cases[] = {
        {401, "Bearer header-secret is wrong", FailureKind::unauthorized,
         "answered 401 to initialize: *** is wrong; check"},
        {403, "token header-secret", FailureKind::unauthorized, "answered 403 to initialize: token ***"},
        {500, "query-secret", FailureKind::server_error, "answered 500 to initialize: ***"},
        {307, "", FailureKind::bad_response, "redirects are not followed"},
        {405, "", FailureKind::bad_request, "is the URL that of an MCP server"},
        {503, "", FailureKind::overloaded, "answered 503"},
        {200, "<html>", FailureKind::bad_response, "did not answer initialize with a response to it"},
        {200, R"({"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"no"}})", FailureKind::server_error,
         "answered initialize with error -32602: no"},
        {200, R"({"jsonrpc":"2.0","id":1,"result":[]})", FailureKind::bad_response, "speaks version ''"},
        {200, R"({"jsonrpc":"2.0","id":1,"result":"x"})", FailureKind::bad_response, "speaks version ''"},
    };
    for (const auto& test : cases) {
        serve_bare([&](FakeExchange& exchange) { exchange.answer(test.status, test.body); });
        const auto tools = list();
        ASSERT_FALSE(tools) << test.status;
        EXPECT_EQ(tools.error().kind, test.kind) << tools.error().message;
        EXPECT_THAT(tools.error().message, AllOf(HasSubstr(test.message), Not(HasSubstr("secret"))));
        EXPECT_THAT(tools.error().message, testing::StartsWith("tool server http://127.0.0.1:"));
    }
}

TEST_F(McpHttp, NobodyListening) {
    serve_bare([](FakeExchange&) {});
    fake_.reset();
    const auto tools = list();
    ASSERT_FALSE(tools);
    EXPECT_EQ(tools.error().kind, FailureKind::connect);
    EXPECT_THAT(tools.error().message, HasSubstr("is the server running?"));
}

TEST_F(McpHttp, AStreamThatBreaksOffIsAFailure) {
    serve([](FakeExchange& exchange, const json&) {
        exchange.start_stream();
        exchange.event("{}");
        if (exchange.request().number % 2 == 0) return exchange.end_stream();
        exchange.reset();
    });
    for (int i = 0; i < 2; ++i) {
        const auto broken = call("weather");
        ASSERT_FALSE(broken);
        EXPECT_TRUE(broken.error().kind == FailureKind::stream_cut || broken.error().kind == FailureKind::bad_response);
    }
}

TEST_F(McpHttp, AMessageMayNotBeTooLarge) {
    serve([](FakeExchange& exchange, const json&) {
        const std::string piece(1 << 20, 'x');
        const bool stream = exchange.request().body.find("stream") != std::string::npos;
        exchange.start_stream(stream ? "text/event-stream" : "application/json");
        exchange.chunk("data: ");
        for (int i = 0; i < 20; ++i)
            exchange.chunk(piece);
    });
    EXPECT_THAT(text("document"), HasSubstr("sent a message of more than 16777216 bytes"));
    EXPECT_THAT(text("stream"), HasSubstr("larger than 16777216 bytes"));
}

TEST_F(McpHttp, AnIdThatIsNoneIsRefused) {
    serve_bare([](FakeExchange& exchange) {
        const auto message = json::parse(exchange.request().body);
        exchange.answer(200, response(message["id"], {{"protocolVersion", "2025-06-18"}}).dump(),
                        {{"Content-Type", "application/json"}, {conversation, "a b"}});
    });
    EXPECT_THAT(failure(), HasSubstr("gave an id of the conversation that is none"));
}

TEST_F(McpHttp, ManyCallsAtOnceGreetOnce) {
    serve([](FakeExchange& exchange, const json& message) {
        exchange.answer(200, response(message["id"], text_result(message["params"]["name"])).dump());
    });
    std::vector<std::shared_ptr<Ended<Result<ToolResult>>>> calls;
    for (int i = 0; i < 30; ++i)
        calls.push_back(begin(server_->call("t" + std::to_string(i), "{}", Deadline::never())));
    for (int i = 0; i < 30; ++i)
        EXPECT_EQ(words(result(calls[static_cast<std::size_t>(i)])), "t" + std::to_string(i));
    EXPECT_EQ(requests("initialize").size(), 1U);
}

}  // namespace
}  // namespace enough::test
