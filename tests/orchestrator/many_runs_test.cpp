// Many runs at the same time, on several threads: an engine each, one workflow for all.

#include "support/random_workflow.hpp"
#include "support/recorder.hpp"

#include <enough/orchestrator/engine.hpp>
#include <enough/orchestrator/step.hpp>
#include <enough/workflows/load.hpp>

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

namespace enough::test {
namespace {

constexpr int threads = 4;
constexpr int runs_each = 25;

/// Runs one workflow several times at once on a context of this thread's own.
class Crew {
public:
    explicit Crew(std::shared_ptr<const Workflow> workflow)
        : workflow_(std::move(workflow)), engine_(workflow_, context_.get_executor()), recorders_(runs_each) {}

    void work() {
        for (int i = 0; i < runs_each; ++i) {
            RunOptions options;
            options.sinks.push_back(&recorders_[static_cast<std::size_t>(i)]);
            asio::co_spawn(context_, engine_.run(nlohmann::json::object(), options),
                           [this](std::exception_ptr error, RunState state) {
                               if (!error && is_final(state.status)) ended_.push_back(std::move(state));
                           });
        }
        context_.run_for(std::chrono::seconds(60));
    }

    int sound() const {
        int count = 0;
        for (const RunState& state : ended_)
            for (const Recorder& recorder : recorders_)
                if (recorder.events().front().run_id == state.run_id)
                    count += fold(workflow_, recorder.events()) == state ? 1 : 0;
        return count;
    }

private:
    std::shared_ptr<const Workflow> workflow_;
    asio::io_context context_{1};
    Engine engine_;
    std::vector<Recorder> recorders_;
    std::vector<RunState> ended_;
};

TEST(ManyRuns, OnSeveralThreadsAllEndAndFold) {
    for (const std::uint64_t seed : {7U, 21U, 42U}) {
        const std::shared_ptr<const Workflow> workflow = parse_workflow(random_workflow(seed));
        std::atomic<int> sound = 0;
        std::vector<std::thread> crews;
        for (int i = 0; i < threads; ++i)
            crews.emplace_back([&] {
                Crew crew(workflow);
                crew.work();
                sound += crew.sound();
            });
        for (std::thread& crew : crews)
            crew.join();
        EXPECT_EQ(sound, threads * runs_each) << "seed " << seed;
    }
}

}  // namespace
}  // namespace enough::test
