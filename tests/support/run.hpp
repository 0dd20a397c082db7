#pragma once

#include <enough/async/task.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <utility>

namespace enough::test {

inline constexpr std::chrono::seconds time_limit{20};

/// Runs a task to its end on a strand of a fresh io_context with `threads` threads, and rethrows what it throws. A task
/// that does not end within `time_limit` ends the test program with a message, since its frames can't be unwound.
void run(Task<void> task, std::size_t threads = 1);

/// For what needs the executor before the task exists: an agent, a client, a group.
void run_with(std::function<Task<void>(asio::any_io_executor)> make_task, std::size_t threads = 1);

/// Starts `count` tasks at once, each on a strand of its own, and runs them all to their end.
void run_many(std::function<Task<void>(std::size_t index)> make_task, std::size_t count, std::size_t threads);

namespace detail {

template <class T>
Task<void> store(Task<T> task, std::optional<T>* result) {
    result->emplace(co_await std::move(task));
}

}  // namespace detail

/// The same for a task with a result.
template <class T>
T run(Task<T> task, std::size_t threads = 1) {
    std::optional<T> result;
    run(detail::store(std::move(task), &result), threads);
    return std::move(*result);
}

}  // namespace enough::test
