// Graders that start a program for each output.

#include "orchestrator/graded.hpp"
#include "support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/system/system_error.hpp>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <exception>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace enough::test {
namespace {

using testing::HasSubstr;

std::shared_ptr<const Workflow> any_workflow() {
    static const auto workflow = parse_workflow(R"yaml(
version: 1
name: any
inputs: {question: {type: string}}
models: {m: {provider: scripted, answers: [{text: "42", repeat: true}]}}
agents: {a: {model: m}}
steps: [{id: s, prompt: "{{ inputs.question }}", agent: a}]
)yaml");
    return workflow;
}

const Agents& nobody() {
    static const Agents agents;
    return agents;
}

OutputGrader grader_of(std::vector<std::string> command) {
    EvalSettings settings;
    settings.grader = GraderKind::command;
    settings.command = std::move(command);
    return {*any_workflow(), settings, nobody()};
}

OutputGrader shell(const std::string& script) {
    return grader_of({"sh", "-c", script});
}

std::string outcome(OutputGrader grader, const std::string& output = "41") {
    return run(outcome_of(grader, graded_item(), output));
}

TEST(GradingProgram, SaysRightOrWrongByItsStatus) {
    EXPECT_EQ(outcome(grader_of({"true"})), "right");
    EXPECT_EQ(outcome(grader_of({"false"})), "wrong");
    EXPECT_EQ(outcome(shell("exit 2")), "the grading program exited with 2");
    EXPECT_EQ(outcome(shell("exit 255")), "the grading program exited with 255");
    EXPECT_EQ(outcome(shell("kill -9 $$")), "the grading program was killed by signal 9");
}

TEST(GradingProgram, ReadsTheFactsToTheEndOfItsInput) {
    const TemporaryFolder folder;
    const std::string seen = folder.file("seen");
    std::ofstream(folder.file("grade.sh")) << "cat > \"$1\"; test \"$2\" = \"two words\"\n";
    auto grader = grader_of({"sh", folder.file("grade.sh"), seen, "two words"});
    EXPECT_EQ(outcome(std::move(grader), "a \"quoted\" line\nand \xff bytes"), "right");
    std::stringstream text;
    text << std::ifstream(seen).rdbuf();
    const auto facts = nlohmann::json::parse(text.str());
    EXPECT_EQ(facts.at("inputs"), (nlohmann::json{{"question", "6 * 7?"}}));
    EXPECT_EQ(facts.at("expected"), 42);
    EXPECT_THAT(facts.at("output").get<std::string>(), testing::StartsWith("a \"quoted\" line\nand "));
}

TEST(GradingProgram, NeedNotReadItsInput) {
    const std::string large(8 << 20, 'x');
    EXPECT_EQ(outcome(grader_of({"true"}), large), "right");
    EXPECT_EQ(outcome(shell("exec <&-; exit 1"), large), "wrong");
    EXPECT_EQ(outcome(shell("head -c 1 >/dev/null; exit 3"), large), "the grading program exited with 3");
    EXPECT_EQ(outcome(shell("test $(wc -c) -gt 8000000"), large), "right") << "all of it comes";
}

TEST(GradingProgram, IsNamedWhenItIsMissing) {
    EXPECT_THAT(outcome(grader_of({"/no/such/grader"})),
                testing::AllOf(HasSubstr("'/no/such/grader' can't be started"), HasSubstr("No such file")));
    const TemporaryFolder folder;
    std::ofstream(folder.file("text")) << "no program";
    EXPECT_THAT(outcome(grader_of({folder.file("text")})), HasSubstr("Permission denied"));
}

TEST(GradingProgram, WritesToStandardErrorOnly) {
    testing::internal::CaptureStdout();
    EXPECT_EQ(outcome(shell("echo chatter >&1; test ! -t 0")), "right");
    EXPECT_EQ(testing::internal::GetCapturedStdout(), "") << "standard output belongs to the verb";
}

TEST(GradingProgram, InheritsNoDescriptor) {
    const int ours = open("/dev/null", O_RDONLY);  // without close-on-exec
    ASSERT_GE(ours, 3);
    EXPECT_EQ(outcome(shell("test ! -e /proc/self/fd/" + std::to_string(ours))), "right");
    close(ours);
}

TEST(GradingProgram, WhoseEndIsNotKnownIsNotRight) {
    const auto before = std::signal(SIGCHLD, SIG_IGN);  // as some supervisors leave it: the system forgets the status
    EXPECT_THAT(outcome(grader_of({"false"})), HasSubstr("the grading program ended in a way that is not known"));
    std::signal(SIGCHLD, before);
}

TEST(GradingProgram, IsEndedWithItsChildrenWhenGradingIsCancelled) {
    const TemporaryFolder folder;
    const std::string fifo = folder.file("held");
    ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
    auto grader = grader_of({"sh", "-c", "exec 3>\"$0\"; sleep 1000 & echo $$ >&3; wait", fifo});

    asio::io_context context(1);
    asio::cancellation_signal cancel;
    std::exception_ptr error;
    asio::co_spawn(
        context, grade_with(grader, graded_item(), "41"),
        asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr thrown, bool) { error = thrown; }));
    // The program and its child hold the other end: it is closed when both are gone.
    asio::posix::stream_descriptor held(context, open(fifo.c_str(), O_RDONLY | O_NONBLOCK));
    std::string text;
    bool both_are_gone = false;
    const auto await_end = [&](const boost::system::error_code& fault, std::size_t) {
        EXPECT_EQ(fault, asio::error::eof);
        both_are_gone = true;
    };
    const auto began = [&](const boost::system::error_code& fault, std::size_t) {
        EXPECT_FALSE(fault) << fault.message();
        cancel.emit(asio::cancellation_type::terminal);
        asio::async_read(held, asio::dynamic_buffer(text), await_end);
    };
    held.async_wait(asio::posix::stream_descriptor::wait_read, [&](const boost::system::error_code&) {
        asio::async_read_until(held, asio::dynamic_buffer(text), '\n', began);
    });
    context.run_for(time_limit);
    ASSERT_TRUE(context.stopped()) << "cancelling must end it";
    EXPECT_TRUE(both_are_gone);

    ASSERT_TRUE(error);
    EXPECT_THROW(std::rethrow_exception(error), boost::system::system_error);
    const pid_t program = std::stoi(text);
    EXPECT_EQ(kill(program, 0), -1) << "it is waited for";
    EXPECT_EQ(errno, ESRCH);
}

}  // namespace
}  // namespace enough::test
