#pragma once

#include <enough/async/task.hpp>
#include <enough/async/with_deadline.hpp>

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace enough {

/// Runs all tasks at once on the caller's executor (a strand) and waits for all of them. If one throws, the others are
/// cancelled (`terminal`) and awaited, and the first exception, in order of completion, is rethrown. Cancelling the
/// caller cancels all and comes out as `operation_aborted`.
Task<void> gather(std::vector<Task<void>> tasks);

/// The results, in the order of the tasks.
template <class T>
Task<std::vector<T>> gather(std::vector<Task<T>> tasks) {
    std::vector<std::optional<T>> slots(tasks.size());
    std::vector<Task<void>> children;
    children.reserve(tasks.size());
    for (std::size_t i = 0; i < tasks.size(); ++i)
        children.push_back(detail::store_result(std::move(tasks[i]), &slots[i]));
    co_await gather(std::move(children));

    std::vector<T> results;
    results.reserve(slots.size());
    for (auto& slot : slots)
        results.push_back(std::move(*slot));
    co_return results;
}

}  // namespace enough
