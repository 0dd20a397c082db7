// Tool servers that are programs, against one that does as told (files/fake_mcp.py).
#include "agents/tool_server_fixture.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>

#include <fcntl.h>
#include <unistd.h>

namespace enough::test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class McpStdio : public ToolServerTest {
protected:
    static ToolServerSettings settings(const std::string& behaviour = {}) {
        ToolServerSettings out;
        out.command = {"python3", ENOUGH_TESTS_DIR "/agents/files/fake_mcp.py", behaviour};
        out.environment = {{"FAKE_KEY", "sk-secret-12345"}, {"PYTHONDONTWRITEBYTECODE", "1"}};
        out.timeout = 20s;
        return out;
    }
    void start(const std::string& behaviour = {}) { open(settings(behaviour)); }
};

TEST_F(McpStdio, ListsItsToolsPageByPage) {
    start();
    const auto tools = list();
    ASSERT_TRUE(tools) << tools.error().message;
    ASSERT_EQ(tools->size(), 3U);
    EXPECT_EQ((*tools)[2], (ToolSpec{"tool_2", "d", R"({"type":"object","z":1,"a":2})"})) << "in the author's order";
}

TEST_F(McpStdio, ListsOnlyWhatIsAllowed) {
    auto some = settings();
    some.allow = {"tool_1", "echo"};
    open(some);
    EXPECT_THAT(failure(), HasSubstr("has no tool 'echo', which `allow` names; it has tool_0, tool_1, tool_2"));
    EXPECT_EQ(text("echo", R"({"a":1})"), R"({"a": 1})");
    EXPECT_EQ(text("fail"), "error: there is no tool 'fail'") << "it is not even asked for";
}

TEST_F(McpStdio, CallsATool) {
    start();
    EXPECT_EQ(text("echo", R"({"b": [1, "x"], "a": null})"), R"({"b": [1, "x"], "a": null})");
    EXPECT_EQ(text("echo", ""), "{}") << "nothing is no arguments";
    EXPECT_EQ(text("heard"), R"({"cancelled": 0, "held": 0, "notified": ["notifications/initialized"], "same": true})");
}

TEST_F(McpStdio, PassesTheEnvironmentOn) {
    start();
    EXPECT_EQ(text("environment", R"({"name":"FAKE_KEY"})"), "sk-secret-12345");
    EXPECT_EQ(text("environment", R"({"name":"HOME"})"), std::getenv("HOME"));
}

TEST_F(McpStdio, InheritsNoDescriptor) {
    const int ours = ::open("/dev/null", O_RDONLY);  // without close-on-exec
    start();
    EXPECT_EQ(text("descriptors"), "[]");
    ::close(ours);
}

TEST_F(McpStdio, NamesWhatIsNoText) {
    start();
    EXPECT_EQ(text("parts"),
              "one\n[image image/png, 5 bytes]\n[audio audio/wav, 3 bytes]\n[resource file:///a]\ninside\n"
              "[resource file:///b, x/y, 2 bytes]\n[link to c: file:///c]\n[content of type hologram]\ntwo");
    EXPECT_EQ(text("structured"), R"({"z":1,"a":[2]})");
}

TEST_F(McpStdio, TellsFailedToolsFromFailedServers) {
    start();
    EXPECT_EQ(text("fail"), "error: it did not work");
    EXPECT_EQ(text("error"), "error: error -32603: internal trouble");
    EXPECT_EQ(text("gone"), "error: error -32602: Unknown tool: gone");
    EXPECT_EQ(text("echo", "{broken"), "error: the arguments are not a JSON object");
    EXPECT_EQ(text("echo", "[1]"), "error: the arguments are not a JSON object");
    EXPECT_EQ(text("echo", std::string(100'000, '[')), "error: the arguments are not a JSON object");
    EXPECT_EQ(text("nothing"), "failure: tool server python3 answered tools/call without content");
    EXPECT_EQ(text("echo"), "{}") << "it goes on after all that";
}

TEST_F(McpStdio, CutsALongResultBetweenCharacters) {
    auto narrow = settings();
    narrow.max_result_bytes = 101;
    open(narrow);
    EXPECT_EQ(text("long", R"({"bytes":100})").size(), 100U);
    const auto cut = text("long", R"({"bytes":104})");
    EXPECT_THAT(cut, testing::EndsWith("\xC3\xA9\n[cut: the first 100 of 104 bytes]"));
}

TEST_F(McpStdio, TakesALargeResult) {
    auto wide = settings();
    wide.max_result_bytes = 4 << 20;
    open(wide);
    EXPECT_EQ(text("long", R"({"bytes":1000000})").size(), 1'000'000U);
}

TEST_F(McpStdio, ReadsOverNoise) {
    start();
    EXPECT_EQ(text("noise"), "after the noise");
    EXPECT_EQ(text("batch"), "in a batch");
    EXPECT_EQ(text("echo"), "{}");
}

TEST_F(McpStdio, AnswersTheServersOwnRequests) {
    start();
    const auto answers = nlohmann::json::parse(text("ask"));
    EXPECT_EQ(answers[0], (nlohmann::json{{"id", "ping-1"}, {"result", nlohmann::json::object()}}));
    EXPECT_EQ(answers[1]["id"], 7);
    EXPECT_EQ(answers[1]["error"]["code"], -32601);
}

TEST_F(McpStdio, SeveralCallsAreUnderWayAtOnce) {
    start();
    const auto first = begin(server_->call("hold", "{}", Deadline::never()));
    const auto second = begin(server_->call("hold", "{}", Deadline::never()));
    EXPECT_EQ(text("release"), "released");
    EXPECT_EQ(words(result(second)), "held 1");
    EXPECT_EQ(words(result(first)), "held 0");
}

TEST_F(McpStdio, ManyWhoNeedItStartItOnce) {
    start();
    std::vector<std::shared_ptr<Ended<Result<ToolResult>>>> calls;
    for (int i = 0; i < 20; ++i)
        calls.push_back(begin(server_->call("processes", "{}", Deadline::never())));
    std::set<std::string> processes;
    for (const auto& each : calls)
        processes.insert(nlohmann::json::parse(words(result(each)))[0].dump());
    EXPECT_EQ(processes.size(), 1U);
}

TEST_F(McpStdio, ACancelledCallIsTakenBack) {
    start();
    asio::cancellation_signal cancel;
    const auto held = begin(server_->call("hold", "{}", Deadline::never()), &cancel);
    EXPECT_EQ(text("echo"), "{}") << "so the other one has arrived before";
    cancel.emit(asio::cancellation_type::terminal);
    await(held);
    ASSERT_TRUE(held->error);
    EXPECT_THROW(std::rethrow_exception(held->error), boost::system::system_error);
    EXPECT_THAT(text("heard"), AllOf(HasSubstr("\"cancelled\": 1, \"held\": 1"), HasSubstr("\"same\": true")));
    EXPECT_EQ(text("release"), "released") << "an answer that comes all the same is passed over";
    EXPECT_EQ(text("echo"), "{}");
}

TEST_F(McpStdio, ACallThatTakesTooLongIsTakenBack) {
    start();
    EXPECT_EQ(text("echo"), "{}");
    const auto late = call("hold", "{}", Deadline::after(20ms));
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().kind, FailureKind::timeout);
    EXPECT_EQ(late.error().message,
              "tool server python3 did not answer tools/call in time; raise its timeout if it is just slow");
    EXPECT_THAT(text("heard"), AllOf(HasSubstr("\"cancelled\": 1, \"held\": 1"), HasSubstr("\"same\": true")));
}

TEST_F(McpStdio, ACancelledStartIsTakenOverByWhoWaits) {
    start();
    asio::cancellation_signal cancel;
    const auto first = begin(server_->call("echo", "{}", Deadline::never()), &cancel);
    const auto second = begin(server_->call("echo", R"({"a":2})", Deadline::never()));
    context_.poll();
    cancel.emit(asio::cancellation_type::terminal);
    EXPECT_EQ(words(result(second)), R"({"a": 2})");
    EXPECT_TRUE(first->error);
}

TEST_F(McpStdio, ASilentServerFailsAllWhoWait) {
    auto silent = settings("silent");
    silent.timeout = 300ms;
    open(silent);
    const auto first = begin(server_->call("echo", "{}", Deadline::never()));
    const auto second = begin(server_->call("echo", "{}", Deadline::never()));
    EXPECT_THAT(words(result(first)), HasSubstr("python3 did not answer initialize in time"));
    EXPECT_THAT(words(result(second)), HasSubstr("python3 did not answer initialize in time"));
}

TEST_F(McpStdio, AProgramThatEndsSaysHow) {
    start("exits");
    const auto message = failure();
    EXPECT_EQ(message, "tool server python3 exited with status 7; its last words: no such package; key ***");
    start();
    EXPECT_THAT(text("die", R"({"status":3})"),
                AllOf(HasSubstr("exited with status 3"), HasSubstr("it all went wrong")));
    EXPECT_EQ(text("echo"), "{}") << "it is started again";
    EXPECT_THAT(text("kill_me"), HasSubstr("was killed by signal 9"));
    EXPECT_EQ(text("echo"), "{}");
}

TEST_F(McpStdio, ADeathFailsAllThatIsUnderWay) {
    start();
    const auto held = begin(server_->call("hold", "{}", Deadline::never()));
    EXPECT_EQ(text("echo"), "{}");
    EXPECT_THAT(text("die", R"({"status":3})"), HasSubstr("exited with status 3"));
    EXPECT_THAT(words(result(held)), HasSubstr("exited with status 3"));
}

TEST_F(McpStdio, AServerWithoutOutputIsEnded) {
    start();
    EXPECT_THAT(text("close_output"), HasSubstr("was killed by signal 15"));
    EXPECT_EQ(text("echo"), "{}");
}

TEST_F(McpStdio, AnEndlessLineIsNotTakenIn) {
    start();
    EXPECT_EQ(text("endless_line"), "failure: tool server python3 wrote a line of more than 16777216 bytes");
    EXPECT_EQ(text("echo"), "{}");
}

TEST_F(McpStdio, AServerThatDoesNotReadIsNoDanger) {
    start();
    EXPECT_EQ(text("echo"), "{}");
    const auto paused = begin(server_->call("pause", "{}", Deadline::after(50ms)));
    const auto more = R"({"a":")" + std::string(500'000, 'x') + "\"}";  // than fits between the two
    EXPECT_THAT(words(call("echo", more, Deadline::after(100ms))), HasSubstr("did not answer tools/call in time"));
    EXPECT_THAT(words(result(paused)), HasSubstr("did not answer tools/call in time"));
}

bool is_gone(pid_t process) {
    return kill(process, 0) == -1 && errno == ESRCH;
}

TEST_F(McpStdio, IsEndedWithItsChildren) {
    for (const char* behaviour : {"", "stubborn"}) {
        start(behaviour);
        const auto processes = nlohmann::json::parse(text("processes"));
        close();
        EXPECT_TRUE(is_gone(processes[0].get<pid_t>())) << behaviour;
        // Its child belongs to the system's first process now, which waits for it when it can.
        const auto limit = std::chrono::steady_clock::now() + time_limit;
        const auto state = "/proc/" + processes[1].dump() + "/stat";
        const auto runs = [&] {
            std::ifstream in(state);
            const std::string stat((std::istreambuf_iterator<char>(in)), {});
            return !stat.empty() && stat.find(") Z ") == std::string::npos;
        };
        while (runs() && std::chrono::steady_clock::now() < limit) {
        }
        EXPECT_FALSE(runs()) << behaviour;
        EXPECT_THAT(text("echo"), HasSubstr("was closed"));
        server_.reset();
    }
}

TEST_F(McpStdio, ClosingFailsWhatIsUnderWay) {
    start();
    const auto held = begin(server_->call("hold", "{}", Deadline::never()));
    const auto starting_too = begin(server_->list(Deadline::never()));
    context_.poll();
    close();
    EXPECT_EQ(words(result(held)), "failure: tool server python3 was closed");
    EXPECT_EQ(result(starting_too).error().message, "tool server python3 was closed");
    close();
}

TEST_F(McpStdio, ThatIsNeverUsedStartsNothing) {
    start("exits");
    close();
}

TEST_F(McpStdio, AMissingProgramIsNamed) {
    auto missing = settings();
    missing.command = {"/no/such/server", "--key=hidden"};
    open(missing);
    const auto tools = list();
    ASSERT_FALSE(tools);
    EXPECT_EQ(tools.error().kind, FailureKind::connect);
    EXPECT_EQ(tools.error().message,
              "tool server server did not start: the program '/no/such/server' can't be started: "
              "No such file or directory");
}

TEST_F(McpStdio, SpeaksOlderVersionsOnly) {
    start("old");
    EXPECT_EQ(text("echo"), "{}");
    close();
    server_.reset();
    start("future");
    EXPECT_EQ(failure(),
              "tool server python3 speaks version '2099-01-01' of MCP; this program speaks 2025-06-18, "
              "2025-03-26, 2024-11-05");
}

TEST_F(McpStdio, RefusesListsThatAreNone) {
    const struct {
        const char* behaviour;
        const char* message;
    } cases[] = {
        {"endless", "does not come to an end with its list of tools in 64 pages"},
        {"same cursor", "does not come to an end with its list of tools"},
        {"twice", "lists the tool 'tool_0' twice"},
        {"many", "lists more than 512 tools"},
        {"odd name", "lists a tool whose name is not 1 to 128 visible ASCII characters"},
        {"no schema", "lists the tool 'a' without an inputSchema that is an object"},
        {"no list", "answered tools/list without a list of tools"},
        {"no tools", "answered tools/list with error -32601: Method not found"},
        {"refuses", "answered initialize with error -32000: no, because of ***"},
    };
    for (const auto& test : cases) {
        start(test.behaviour);
        EXPECT_THAT(failure(), AllOf(StartsWith("tool server python3 "), HasSubstr(test.message)));
        close();
        server_.reset();
    }
}

TEST(MakeToolServer, RefusesSettingsThatCanNeverWork) {
    asio::io_context context;
    const auto refused = [&](void (*change)(ToolServerSettings&)) {
        ToolServerSettings settings;
        settings.command = {"true"};
        change(settings);
        EXPECT_THROW(make_tool_server(settings, context.get_executor()), std::invalid_argument);
    };
    refused([](ToolServerSettings& settings) { settings.command.clear(); });
    refused([](ToolServerSettings& settings) { settings.url = "http://127.0.0.1:1/"; });
    refused([](ToolServerSettings& settings) { settings.command = {""}; });
    refused([](ToolServerSettings& settings) { settings.timeout = 0ms; });
    refused([](ToolServerSettings& settings) { settings.environment = {{"A=B", ""}}; });
    refused([](ToolServerSettings& settings) {
        settings.command.clear();
        settings.url = "127.0.0.1:3000";
    });
}

}  // namespace
}  // namespace enough::test
