#pragma once

#include <enough/async/deadline.hpp>
#include <enough/async/task.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

namespace enough {

/// Something that happens once, and that any number of coroutines wait for. All on one strand; it must outlive them.
class Occasion {
public:
    explicit Occasion(const asio::any_io_executor& executor)
        : never_(executor, asio::steady_timer::time_point::max()) {}

    void set() {
        set_ = true;
        never_.cancel();
    }
    bool is_set() const { return set_; }

    Task<void> wait();

    /// False if it has not happened by then.
    Task<bool> wait(Deadline deadline);

private:
    asio::steady_timer never_;  // cancelled to wake those that wait
    bool set_ = false;
};

/// Sets an event when its scope is left, however that is.
class SetOnExit {
public:
    explicit SetOnExit(Occasion& event) : event_(event) {}
    ~SetOnExit() { event_.set(); }
    SetOnExit(const SetOnExit&) = delete;
    SetOnExit& operator=(const SetOnExit&) = delete;

private:
    Occasion& event_;
};

}  // namespace enough
