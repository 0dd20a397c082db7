// Batches whose disk is full or whose process is killed.

#include "orchestrator/batch_fixture.hpp"

#include <gmock/gmock.h>

#include <csignal>
#include <random>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace enough::test {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;

/// What a child process says before it ends by itself; it must come to its end within the test's own time.
std::string said_by_child(const std::function<std::string()>& work) {
    int ends[2] = {};
    if (pipe(ends) != 0) throw std::runtime_error("no pipe");
    const pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        std::string said;
        try {
            said = work();
        } catch (const std::exception& error) {
            said = error.what();
        }
        const ssize_t written = ::write(ends[1], said.data(), said.size());
        _exit(written == static_cast<ssize_t>(said.size()) ? 0 : 1);
    }
    close(ends[1]);
    std::string said;
    char buffer[1024];
    for (ssize_t size = 0; (size = read(ends[0], buffer, sizeof buffer)) > 0;)
        said.append(buffer, static_cast<std::size_t>(size));
    close(ends[0]);
    waitpid(child, nullptr, 0);
    return said;
}

Task<ItemResult> at_length(BatchItem, EventSink&) {
    co_await pause(std::chrono::milliseconds(1));
    ItemResult result = ended_as(Status::accepted);
    result.report = json{{"status", "accepted"}, {"output", std::string(2'000, 'x')}}.dump();
    co_return result;
}

TEST_F(BatchTest, EndsInOrderWhenTheDiskIsFullAndLosesNothingThatWasWritten) {
    const std::string said = said_by_child([&] {
        std::signal(SIGXFSZ, SIG_IGN);
        const auto batch = open(lines_of(2'000), settings());
        rlimit limit{};
        getrlimit(RLIMIT_FSIZE, &limit);
        limit.rlim_cur = std::filesystem::file_size(folder_.file("out.jsonl.state")) + 600'000;
        setrlimit(RLIMIT_FSIZE, &limit);
        run_told(*batch, at_length);
        return std::string("it ended as if nothing had happened");
    });
    EXPECT_THAT(said, AllOf(HasSubstr("the batch had to stop: cannot "), HasSubstr("out.jsonl"),
                            HasSubstr("go on with --resume")));
    const auto batch = open(lines_of(2'000), resumed());
    const std::int64_t before = batch->counts().ended();
    EXPECT_GT(before, 0);
    EXPECT_LT(before, 2'000);
    EXPECT_THAT(run_told(*batch), SizeIs(2'000 - static_cast<std::size_t>(before)));
    ASSERT_TRUE(batch->write_output());
    EXPECT_EQ(ids(), numbers(0, 2'000));
}

TEST_F(BatchTest, EndsInOrderWhenTheLinesCantBeAppended) {
    std::filesystem::create_symlink("/dev/full", folder_.file("out.jsonl.part"));
    const auto batch = open(lines_of(100), settings());
    try {
        run_told(*batch);
        FAIL() << "nothing was thrown";
    } catch (const std::runtime_error& error) {
        EXPECT_THAT(error.what(), AllOf(HasSubstr("cannot write"), HasSubstr("out.jsonl.part")));
    }
}

TEST_F(BatchTest, GivesTheOutputUpAsAWhole) {
    const auto batch = open(lines_of(100), settings());
    run_told(*batch);
    std::filesystem::create_directory(folder_.file("out.jsonl"));
    EXPECT_THROW(batch->write_output(), std::runtime_error);
    EXPECT_FALSE(exists("out.jsonl.new"));
    std::filesystem::remove(folder_.file("out.jsonl"));
    EXPECT_TRUE(batch->write_output());
}

/// Ends the process without a word after so many events and items.
class Killer final : public ItemRunner {
public:
    Killer(std::shared_ptr<const Workflow> workflow, const asio::any_io_executor& executor, int after)
        : engine_(workflow, make_agents(*workflow, executor)), inner_(engine_), left_(after) {}

    Task<ItemResult> run(BatchItem item, EventSink& record) override {
        Watched watched(*this, record);
        ItemResult result = co_await inner_.run(std::move(item), watched);
        strike();
        co_return result;
    }

private:
    class Watched final : public EventSink {
    public:
        Watched(Killer& killer, EventSink& inner) : killer_(killer), inner_(inner) {}
        void on(const Event& event) override {
            inner_.on(event);
            killer_.strike();
        }

    private:
        Killer& killer_;
        EventSink& inner_;
    };

    void strike() {
        if (--left_ <= 0) raise(SIGKILL);
    }

    Engine engine_;
    LocalRunner inner_;
    int left_;
};

class KilledBatch : public BatchTest {
protected:
    std::string killed_after(int strikes, int items) const {
        const bool goes_on = exists("out.jsonl.state");
        const auto batch = open(lines_of(items), settings(goes_on), cascade);
        run(*batch, [&](asio::any_io_executor executor, const auto&) {
            return std::make_unique<Killer>(parse_workflow(cascade), executor, strikes);
        });
        return batch->write_output() ? "complete" : "incomplete";
    }
};

TEST_F(KilledBatch, EndsWithEveryIdOnceWhereverItIsKilled) {
    constexpr int most_tries = 60;
    for (unsigned seed = 1; seed <= 6; ++seed) {
        SCOPED_TRACE(seed);
        for (const char* name : {"out.jsonl", "out.jsonl.state"})
            std::filesystem::remove(folder_.file(name));
        std::mt19937 random(seed);
        const int items = std::uniform_int_distribution<>(1, 120)(random);
        int tries = 0;
        for (bool complete = false; !complete && tries < most_tries; ++tries) {
            const int strikes = std::uniform_int_distribution<>(1, 600)(random);
            complete = said_by_child([&] { return killed_after(strikes, items); }) == "complete";
        }
        ASSERT_LT(tries, most_tries);
        EXPECT_EQ(ids(), numbers(0, items));
        for (const json& line : lines("out.jsonl")) {
            EXPECT_EQ(line.at("status"), "accepted");
            EXPECT_EQ(line.at("output"), "it is 42");
        }
        EXPECT_FALSE(exists("out.jsonl.part"));
    }
}

}  // namespace
}  // namespace enough::test
