#include <enough/async/join_by.hpp>

#include <enough/async/task_group.hpp>
#include <enough/async/with_deadline.hpp>

namespace enough {

Task<void> join_by(TaskGroup& group, Deadline deadline) {
    bool late = false;
    try {
        co_await with_deadline(group.join(), deadline);
    } catch (const DeadlineExceeded&) {
        late = true;  // where the time had passed before, `join` has not even begun
    }
    if (!late) co_return;
    group.cancel();
    co_await group.join();
}

}  // namespace enough
