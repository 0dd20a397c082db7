#include "agents/llama_fixtures.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/system_error.hpp>

#include <chrono>
#include <exception>
#include <filesystem>
#include <fstream>
#include <string>

namespace enough::test {
namespace {

using LlamaFailure = LlamaTest;

class Folder {
public:
    Folder() : path_(std::filesystem::temp_directory_path() / ("enough-llama-" + std::to_string(::getpid()))) {
        std::filesystem::create_directories(path_);
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    std::string write(const std::string& name, const std::string& bytes) const {
        std::ofstream(path_ / name, std::ios::binary) << bytes;
        return path_ / name;
    }
    std::string path() const { return path_; }

private:
    std::filesystem::path path_;
};

class LlamaFile : public LlamaTest {
protected:
    Failure failure(const std::string& path) {
        auto other = settings();
        other.path = path;
        agent = make(other);
        auto result = ask(request("Hello", 2));
        return result ? Failure{} : result.error();
    }
    void expect_no_model(const std::string& path, const std::string& because) {
        const auto seen = failure(path);
        EXPECT_EQ(seen.kind, FailureKind::no_model);
        EXPECT_FALSE(seen.retryable);
        EXPECT_NE(seen.message.find(path), std::string::npos) << seen.message;
        EXPECT_NE(seen.message.find(because), std::string::npos) << seen.message;
    }
    Folder folder;
};

TEST_F(LlamaFile, ThatDoesNotExist) {
    expect_no_model(folder.path() + "/none.gguf", "does not exist");
}

TEST_F(LlamaFile, ThatIsAFolder) {
    expect_no_model(folder.path(), "is not a file");
}

TEST_F(LlamaFile, ThatIsEmpty) {
    expect_no_model(folder.write("empty.gguf", ""), "is not a GGUF model");
}

TEST_F(LlamaFile, ThatIsSomethingElse) {
    expect_no_model(folder.write("page.gguf", "<html>Not Found</html>"), "is not a GGUF model");
}

TEST_F(LlamaFile, ThatIsGarbageAfterTheMagic) {
    std::string bytes = "GGUF";
    bytes.append(5000, '\x5A');
    expect_no_model(folder.write("garbage.gguf", bytes), "llama.cpp can't load");
}

TEST_F(LlamaFile, ThatIsCutShort) {
    std::ifstream model(model_path(), std::ios::binary);
    std::string head(8'000'000, '\0');
    model.read(head.data(), static_cast<std::streamsize>(head.size()));
    expect_no_model(folder.write("cut.gguf", head), "llama.cpp can't load");
}

TEST_F(LlamaFile, IsLookedForAgainByTheNextCall) {
    const auto path = folder.path() + "/later.gguf";
    expect_no_model(path, "does not exist");
    std::filesystem::create_symlink(model_path(), path);
    EXPECT_TRUE(ask(request("Hello", 2)).has_value());
}

TEST_F(LlamaFailure, APromptLongerThanTheContext) {
    auto narrow = settings();
    narrow.context = 64;
    agent = make(narrow);
    std::string words;
    for (int i = 0; i < 100; ++i)
        words += " fox";
    const auto result = ask(request(words, 5));
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().kind, FailureKind::context_full);
    EXPECT_FALSE(result.error().retryable);
    EXPECT_NE(result.error().message.find("64"), std::string::npos) << result.error().message;
    EXPECT_TRUE(ask(request("Hello", 2)).has_value());
}

TEST_F(LlamaFailure, TheContextsEndCutsTheAnswer) {
    auto narrow = settings();
    narrow.context = 64;
    agent = make(narrow);
    const auto result = answer(request("Tell me a long story about a fox.", 500));
    EXPECT_EQ(result.finish_reason, FinishReason::length);
    EXPECT_EQ(result.usage.input_tokens + result.usage.output_tokens, 64);
}

TEST_F(LlamaFailure, ToolsAreNotSupported) {
    auto asked = request("Hello", 5);
    asked.tools = {{"clock", "Tells the time", "{}"}};
    const auto result = ask(asked);
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().kind, FailureKind::bad_request);
    EXPECT_NE(result.error().message.find("use provider: openai for agents with tools"), std::string::npos);
}

TEST_F(LlamaFailure, ADeadlineThatHasPassedAsksNothing) {
    auto late = request("Hello", 5);
    late.deadline = Deadline(Deadline::Clock::now() - std::chrono::seconds(1));
    const auto result = ask(late);
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().kind, FailureKind::timeout);
}

TEST_F(LlamaFailure, ADeadlineEndsTheAnswerAndTheNextOneComes) {
    RecordingSink sink;
    auto slow = request("Tell me a long story about a fox.", 900, &sink);
    slow.deadline = Deadline::after(std::chrono::milliseconds(300));
    const auto result = ask(slow);
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().kind, FailureKind::timeout);
    EXPECT_EQ(result.error().spent.output_tokens, static_cast<std::int64_t>(sink.tokens.size()));
    EXPECT_TRUE(ask(request("Hello", 2)).has_value());
}

// Cancels the call as soon as text arrives.
struct Cancelled {
    asio::io_context context;
    asio::cancellation_signal signal;
    std::exception_ptr error;
    Deadline::Clock::time_point asked_to_stop;

    void ask(Agent& agent, Request request) {
        asio::co_spawn(context, agent.ask(std::move(request)),
                       asio::bind_cancellation_slot(signal.slot(), [this](std::exception_ptr thrown, Result<Answer>) {
                           error = std::move(thrown);
                       }));
        context.run();
    }
    void cancel() {
        if (asked_to_stop != Deadline::Clock::time_point()) return;
        asked_to_stop = Deadline::Clock::now();
        signal.emit(asio::cancellation_type::terminal);
    }
};

TEST_F(LlamaFailure, ACancelledAnswerEndsAtOnceAndTheNextOneComes) {
    RecordingSink sink;
    Cancelled call;
    sink.heard = [&] { asio::post(call.context, [&] { call.cancel(); }); };
    call.ask(*agent, request("Tell me a long story about a fox.", 900, &sink));
    ASSERT_TRUE(call.error);
    try {
        std::rethrow_exception(call.error);
    } catch (const boost::system::system_error& thrown) {
        EXPECT_EQ(thrown.code(), asio::error::operation_aborted);
    }
    EXPECT_LT(Deadline::Clock::now() - call.asked_to_stop, std::chrono::seconds(2));
    EXPECT_LT(sink.tokens.size(), 10U);
    EXPECT_TRUE(ask(request("Hello", 2)).has_value());
}

TEST_F(LlamaFailure, AnAgentEndsWhileItDecodesForNobody) {
    RecordingSink sink;
    Cancelled call;
    sink.heard = [&] { asio::post(call.context, [&] { call.cancel(); }); };
    call.ask(*agent, request("Tell me a long story about a fox.", 900, &sink));
    agent.reset();
    EXPECT_TRUE(call.error);
}

TEST_F(LlamaFailure, AnAgentThatWasNeverAskedEnds) {
    agent.reset();
}

}  // namespace
}  // namespace enough::test
