#pragma once

#include <enough/agents/agent.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace enough::llama {

/// Wakes the inference thread: something was asked, taken or given up.
class Bell {
public:
    void ring();

    /// Returns at once if it rang since the last time.
    void wait();

private:
    std::mutex mutex_;
    std::condition_variable rung_;
    bool ringing_ = false;
};

/// What one more decoded token brings. Tokens whose phase is undecided come with a later one.
struct Progress {
    std::vector<Token> tokens;
    std::string reasoning;
    std::string text;
    Usage usage;  ///< so far
};

/// One question on its way through the inference thread, which writes into it while the call reads. The call may go
/// away at any time.
class Job {
public:
    using Clock = std::chrono::steady_clock;

    Job(Request request, std::shared_ptr<Bell> bell);

    // What is asked; never changes.
    const std::vector<Message> messages;
    const Sampling sampling;
    const int top_logprobs;
    const bool watched;  ///< somebody wants to see the progress
    const Clock::time_point asked = Clock::now();

    // For the inference thread.
    bool given_up() const { return given_up_.load(std::memory_order_relaxed); }
    /// Whether the next token may be decoded: a reader that says stop must not have paid for many more.
    bool has_room() const;
    void put(Progress progress);
    void finish(Result<Answer> outcome);

private:
    friend class Waiter;
    static constexpr std::size_t window = 2;  // tokens decoded ahead of the reader

    void wake_reader();

    const std::shared_ptr<Bell> bell_;
    std::atomic<bool> given_up_ = false;
    mutable std::mutex mutex_;  // guards what follows, and the timer against use from two threads
    std::deque<Progress> ready_;
    std::optional<Result<Answer>> outcome_;
    asio::steady_timer* reader_ = nullptr;
};

/// The call's end of a job. When it goes, the job is given up.
class Waiter {
public:
    Waiter(std::shared_ptr<Job> job, const asio::any_io_executor& executor, Deadline deadline);
    ~Waiter();
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;

    struct News {
        std::deque<Progress> progress;
        std::optional<Result<Answer>> outcome;
    };
    /// What came since the last time.
    News take();

    /// Until there is news, the deadline has passed or the call is cancelled; never throws because of any of them.
    Task<void> wait();

private:
    struct Start;

    std::shared_ptr<Job> job_;
    asio::steady_timer timer_;
    Deadline deadline_;
};

}  // namespace enough::llama
