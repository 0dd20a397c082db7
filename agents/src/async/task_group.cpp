#include <enough/async/task_group.hpp>

#include "async/cancellation.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cassert>
#include <exception>
#include <map>
#include <utility>

namespace enough {
namespace {

struct Child {
    asio::cancellation_signal signal;
    bool cancelled = false;

    void cancel() {
        cancelled = true;
        signal.emit(asio::cancellation_type::terminal);
    }
};

}  // namespace

struct TaskGroup::State {
    State(asio::any_io_executor on, OnError policy)
        : executor(std::move(on)), on_error(policy), all_ended(executor, asio::steady_timer::time_point::max()) {}

    void cancel() {
        cancelled = true;
        // A child's end is never handled inside `emit`, so the map does not change under the loop.
        for (auto& [id, child] : children)
            child.cancel();
    }

    void ended(Id id, std::exception_ptr error) {
        const auto child = children.find(id);
        const bool wanted = child->second.cancelled && error && is_cancellation(error);
        children.erase(child);
        if (error && !wanted) {
            if (!first_error) first_error = std::move(error);
            if (on_error == OnError::cancel_others && !cancelled) cancel();
        }
        if (children.empty()) all_ended.cancel();
    }

    asio::any_io_executor executor;
    OnError on_error;
    std::map<Id, Child> children;
    Id next_id = 1;
    bool cancelled = false;
    bool joining = false;
    std::exception_ptr first_error;
    asio::steady_timer all_ended;  ///< never expires; cancelled to wake `join`
};

TaskGroup::TaskGroup(asio::any_io_executor executor, OnError on_error)
    : state_(std::make_shared<State>(std::move(executor), on_error)) {}

TaskGroup::~TaskGroup() {
    assert(idle() && "a TaskGroup must be joined before it is destroyed");
    if (!idle()) state_->cancel();
}

TaskGroup::Id TaskGroup::spawn(Task<void> child) {
    const Id id = state_->next_id++;
    auto& entry = state_->children[id];
    auto on_end = [state = state_, id](std::exception_ptr error) { state->ended(id, std::move(error)); };
    asio::co_spawn(state_->executor, std::move(child),
                   asio::bind_cancellation_slot(entry.signal.slot(), std::move(on_end)));
    if (state_->cancelled) entry.cancel();
    return id;
}

bool TaskGroup::cancel(Id child) {
    const auto found = state_->children.find(child);
    if (found == state_->children.end()) return false;
    found->second.cancel();
    return true;
}

void TaskGroup::cancel() {
    state_->cancel();
}

std::size_t TaskGroup::size() const {
    return state_->children.size();
}

Task<void> TaskGroup::join() {
    const auto state = state_;
    assert(!state->joining && "one join at a time");
    state->joining = true;
    const auto caller = co_await asio::this_coro::cancellation_state;
    if (!state->children.empty()) {
        const ForwardCancellation forward(caller.slot(), [weak = std::weak_ptr(state)] {
            if (const auto alive = weak.lock()) alive->cancel();
        });
        auto uncancellable =
            asio::bind_cancellation_slot(asio::cancellation_slot(), asio::as_tuple(asio::use_awaitable));
        co_await state->all_ended.async_wait(std::move(uncancellable));
    }
    state->joining = false;
    if (caller.cancelled() != asio::cancellation_type::none) throw_cancelled();
    if (auto error = std::exchange(state->first_error, nullptr)) std::rethrow_exception(error);
}

}  // namespace enough
