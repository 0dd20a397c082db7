#include <enough/async/gather.hpp>

#include <enough/async/task_group.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/this_coro.hpp>

namespace enough {

Task<void> gather(std::vector<Task<void>> tasks) {
    TaskGroup group(co_await asio::this_coro::executor, TaskGroup::OnError::cancel_others);
    for (auto& task : tasks)
        group.spawn(std::move(task));
    co_await group.join();
}

}  // namespace enough
