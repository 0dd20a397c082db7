#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace enough::nats {

/// Runs what blocks, first come first served, each on a thread of its own as long as there are any: threads are started
/// when all are busy, up to a limit.
class WorkerThreads {
public:
    using Job = std::function<void()>;

    explicit WorkerThreads(std::size_t most) : most_(most) {}
    ~WorkerThreads() { stop(); }
    WorkerThreads(const WorkerThreads&) = delete;
    WorkerThreads& operator=(const WorkerThreads&) = delete;

    /// False once stopped: the job is dropped.
    bool submit(Job job);

    /// Runs what was submitted, then ends the threads. Not from one of them.
    void stop();

private:
    void work();

    const std::size_t most_;
    std::mutex mutex_;
    std::condition_variable arrival_;
    std::deque<Job> waiting_;
    std::size_t idle_ = 0;
    bool stopping_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace enough::nats
