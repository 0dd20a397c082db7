#pragma once

#include "nats/link.hpp"
#include "nats/wakeup.hpp"

#include <enough/async/deadline.hpp>
#include <enough/async/task.hpp>

#include <fmt/format.h>

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace enough::nats {

/// How a result comes from a thread to the coroutine that waits for it. `unclaimed` gets what nobody waits for any
/// more.
template <class T>
class Slot {
public:
    using Unclaimed = std::function<void(Result<T>&)>;

    explicit Slot(Unclaimed unclaimed) : unclaimed_(std::move(unclaimed)) {}

    void put(Result<T> result) {
        std::unique_lock lock(mutex_);
        if (!abandoned_) {
            result_.emplace(std::move(result));
            wakeup_->notify();
            return;
        }
        lock.unlock();
        if (unclaimed_) unclaimed_(result);
    }

    void abandon() {
        std::optional<Result<T>> left = take();
        if (left && unclaimed_) unclaimed_(*left);
    }

    /// What is there; from then on nobody waits.
    std::optional<Result<T>> take() {
        const std::lock_guard lock(mutex_);
        abandoned_ = true;
        return std::exchange(result_, std::nullopt);
    }

    const std::shared_ptr<Wakeup>& wakeup() const { return wakeup_; }

private:
    const std::shared_ptr<Wakeup> wakeup_ = std::make_shared<Wakeup>();
    const Unclaimed unclaimed_;
    std::mutex mutex_;
    std::optional<Result<T>> result_;
    bool abandoned_ = false;
};

/// Also when the waiting coroutine is cancelled.
template <class T>
class SlotScope {
public:
    explicit SlotScope(std::shared_ptr<Slot<T>> slot) : slot_(std::move(slot)) {}
    ~SlotScope() { slot_->abandon(); }
    SlotScope(const SlotScope&) = delete;
    SlotScope& operator=(const SlotScope&) = delete;

private:
    std::shared_ptr<Slot<T>> slot_;
};

/// Runs what blocks on a thread of the link and gives the result to the awaiting coroutine.
template <class T>
Task<Result<T>> on_thread(std::shared_ptr<Link> link, std::function<Result<T>()> work,
                          std::function<void(Result<T>&)> unclaimed = nullptr) {
    const auto slot = std::make_shared<Slot<T>>(std::move(unclaimed));
    const SlotScope<T> scope(slot);
    const bool taken = link->threads().submit([slot, run = std::move(work)] {
        try {
            slot->put(run());
        } catch (const std::exception& error) {
            slot->put(Error{ErrorKind::refused, error.what()});
        }
    });
    if (!taken) co_return Error{ErrorKind::connection, "the connection to NATS is closed"};
    for (;;) {
        co_await slot->wakeup()->wait(Deadline::never());
        std::optional<Result<T>> result = slot->take();
        if (result) co_return std::move(*result);
    }
}

/// A call to the server, within `timeout` from now: waiting for the connection and for a thread included. `doing` names
/// it in errors: "publishing to 'jobs'".
template <class T>
Task<Result<T>> call(std::shared_ptr<Link> link, std::chrono::milliseconds timeout, std::string doing,
                     std::function<Result<T>(std::chrono::milliseconds left)> work,
                     std::function<void(Result<T>&)> unclaimed = nullptr) {
    const auto until = Link::Clock::now() + timeout;
    std::function<Result<T>()> job = [link, until, doing, run = std::move(work)]() -> Result<T> {
        if (!link->wait_connected(until)) return link->no_connection(doing);
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Link::Clock::now());
        if (left <= std::chrono::milliseconds::zero()) return link->too_busy(doing);
        return run(left);
    };
    co_return co_await on_thread<T>(link, std::move(job), std::move(unclaimed));
}

}  // namespace enough::nats
