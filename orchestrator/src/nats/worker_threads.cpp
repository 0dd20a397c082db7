#include "nats/worker_threads.hpp"

#include <nats/nats.h>

#include <utility>

namespace enough::nats {

bool WorkerThreads::submit(Job job) {
    {
        const std::lock_guard lock(mutex_);
        if (stopping_) return false;
        waiting_.push_back(std::move(job));
        if (idle_ < waiting_.size() && threads_.size() < most_) threads_.emplace_back([this] { work(); });
    }
    arrival_.notify_one();
    return true;
}

void WorkerThreads::stop() {
    std::vector<std::thread> threads;
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        threads.swap(threads_);
    }
    arrival_.notify_all();
    for (std::thread& thread : threads)
        thread.join();
}

void WorkerThreads::work() {
    std::unique_lock lock(mutex_);
    for (;;) {
        ++idle_;
        arrival_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
        --idle_;
        if (waiting_.empty()) break;
        Job job = std::move(waiting_.front());
        waiting_.pop_front();
        lock.unlock();
        job();
        job = nullptr;  // what it holds may go only without the lock
        lock.lock();
    }
    lock.unlock();
    nats_ReleaseThreadMemory();  // libnats keeps the last error of each thread
}

}  // namespace enough::nats
