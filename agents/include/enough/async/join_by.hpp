#pragma once

#include <enough/async/deadline.hpp>
#include <enough/async/task.hpp>

namespace enough {

class TaskGroup;

/// Joins `group`, but lets its children go on no longer than until `deadline`: then they are cancelled, and awaited to
/// their end. Also where the deadline has passed before. Throws what `TaskGroup::join` does of the children.
///
/// The caller's own cancellation must be disabled: it is to end in order.
Task<void> join_by(TaskGroup& group, Deadline deadline);

}  // namespace enough
