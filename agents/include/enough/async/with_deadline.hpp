#pragma once

#include <enough/async/deadline.hpp>
#include <enough/async/task.hpp>

#include <optional>
#include <stdexcept>
#include <utility>

namespace enough {

/// The work was given up because its time was over.
class DeadlineExceeded : public std::runtime_error {
public:
    DeadlineExceeded() : std::runtime_error("the deadline passed") {}
};

/// Awaits `op`, but no longer than until `deadline`: then `op` is cancelled (`terminal`), awaited to its end, and
/// `DeadlineExceeded` is thrown. An `op` that finishes all the same keeps its result, and an exception of its own other
/// than the cancellation's is passed on. With a deadline already passed `op` never starts.
///
/// Cancelling the caller cancels `op` and comes out as `operation_aborted`.
Task<void> with_deadline(Task<void> op, Deadline deadline);

namespace detail {

/// Moves a task's result into `*slot`, which must outlive the task.
template <class T>
Task<void> store_result(Task<T> op, std::optional<T>* slot) {
    slot->emplace(co_await std::move(op));
}

}  // namespace detail

template <class T>
Task<T> with_deadline(Task<T> op, Deadline deadline) {
    std::optional<T> result;
    co_await with_deadline(detail::store_result(std::move(op), &result), deadline);
    co_return std::move(*result);
}

}  // namespace enough
