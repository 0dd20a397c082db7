// Tool servers made with the official Python SDK (files/sdk_mcp.py): not only our own idea of the protocol is met.
#include <enough/async/child_process.hpp>

#include "agents/tool_server_fixture.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace enough::test {
namespace {

using testing::HasSubstr;

const std::vector<std::string> sdk{ENOUGH_MCP_PYTHON, ENOUGH_TESTS_DIR "/agents/files/sdk_mcp.py"};

Task<std::string> first_line(ChildProcess* program) {
    std::string text;
    const auto size =
        co_await asio::async_read_until(program->output(), asio::dynamic_buffer(text), '\n', asio::use_awaitable);
    co_return text.substr(0, size - 1);
}

class McpPeer : public ToolServerTest {
protected:
    void expect_to_get_along() {
        const auto tools = list();
        ASSERT_TRUE(tools) << tools.error().message;
        ASSERT_EQ(tools->size(), 3U);
        EXPECT_EQ(tools->front().name, "add");
        EXPECT_EQ(tools->front().description, "Adds two numbers.");
        EXPECT_EQ(nlohmann::json::parse(tools->front().parameters)["properties"]["a"]["type"], "integer");
        EXPECT_EQ(text("add", R"({"a":2,"b":40})"), "42");
        EXPECT_EQ(text("greet", R"({"name":"Ada"})"), "Hello Ada \xC3\xA9");
        EXPECT_THAT(text("explode"), testing::StartsWith("error: "));
        EXPECT_THAT(text("add", R"({"a":"x"})"), testing::StartsWith("error: "));
        EXPECT_THAT(text("gone"), testing::StartsWith("error: "));
        EXPECT_EQ(text("add", R"({"a":1,"b":1})"), "2") << "after all that";
    }
};

TEST_F(McpPeer, OnStandardStreams) {
    ToolServerSettings settings;
    settings.command = sdk;
    settings.command.emplace_back("stdio");
    open(settings);
    expect_to_get_along();
}

TEST_F(McpPeer, OverHttp) {
    auto command = sdk;
    command.emplace_back("http");
    ChildProcess program({command, {}}, context_.get_executor());
    ToolServerSettings settings;
    settings.url = "http://127.0.0.1:" + result(begin(first_line(&program))) + "/mcp";
    open(settings);
    expect_to_get_along();
    close();
}

}  // namespace
}  // namespace enough::test
