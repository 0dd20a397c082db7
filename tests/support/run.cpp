#include "support/run.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace enough::test {
namespace {

/// Ends the program if it is not destroyed in time.
class Watchdog {
public:
    Watchdog() : thread_([this] { watch(); }) {}
    ~Watchdog() {
        {
            const std::lock_guard lock(mutex_);
            over_ = true;
        }
        changed_.notify_all();
        thread_.join();
    }

private:
    void watch() {
        std::unique_lock lock(mutex_);
        if (changed_.wait_for(lock, time_limit, [this] { return over_; })) return;
        std::fprintf(stderr, "FAILED: a task did not end within %lld s\n", static_cast<long long>(time_limit.count()));
        std::_Exit(1);
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    bool over_ = false;
    std::thread thread_;
};

/// Tasks on strands of their own, and the first exception any of them ended with.
class Runner {
public:
    asio::any_io_executor new_strand() { return asio::make_strand(context_); }

    void start(const asio::any_io_executor& executor, Task<void> task) {
        asio::co_spawn(executor, std::move(task), [this](std::exception_ptr error) {
            const std::lock_guard lock(mutex_);
            if (error && !first_error_) first_error_ = std::move(error);
        });
    }

    void run(std::size_t threads) {
        const Watchdog watchdog;
        std::vector<std::thread> others;
        for (std::size_t i = 1; i < threads; ++i)
            others.emplace_back([this] { context_.run(); });
        context_.run();
        for (auto& other : others)
            other.join();
        if (first_error_) std::rethrow_exception(first_error_);
    }

private:
    asio::io_context context_;
    std::mutex mutex_;
    std::exception_ptr first_error_;
};

}  // namespace

void run(Task<void> task, std::size_t threads) {
    Runner runner;
    runner.start(runner.new_strand(), std::move(task));
    runner.run(threads);
}

void run_with(std::function<Task<void>(asio::any_io_executor)> make_task, std::size_t threads) {
    Runner runner;
    const auto strand = runner.new_strand();
    runner.start(strand, make_task(strand));
    runner.run(threads);
}

void run_many(std::function<Task<void>(std::size_t index)> make_task, std::size_t count, std::size_t threads) {
    Runner runner;
    for (std::size_t i = 0; i < count; ++i)
        runner.start(runner.new_strand(), make_task(i));
    runner.run(threads);
}

}  // namespace enough::test
