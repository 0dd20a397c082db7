#pragma once

#include "nats/error.hpp"
#include "pause.hpp"

#include <enough/async/deadline.hpp>

#include <chrono>
#include <functional>

namespace enough::fleet {

/// May the same call go well a moment later?
inline bool passes(nats::ErrorKind kind) {
    return kind == nats::ErrorKind::connection || kind == nats::ErrorKind::timeout ||
           kind == nats::ErrorKind::no_space || kind == nats::ErrorKind::refused;
}

/// Tries again while the server is away or full, until the deadline. What is tried must bear being done twice: a call
/// that timed out may have been carried out.
template <class T>
Task<nats::Result<T>> patiently(std::function<Task<nats::Result<T>>()> attempt, Deadline deadline) {
    for (;;) {
        Task<nats::Result<T>> trying = attempt();
        nats::Result<T> result = co_await std::move(trying);
        if (result.has_value() || !passes(result.error().kind) || deadline.expired()) co_return result;
        co_await pause(std::chrono::milliseconds(300));
    }
}

}  // namespace enough::fleet
