#pragma once

#include "bell.hpp"
#include "serve/served_run.hpp"

namespace enough {

/// Rings at every event of a run.
class EventWatch final : public RunFollower {
public:
    explicit EventWatch(const asio::any_io_executor& executor) : bell_(executor) {}
    void on_event(const Event&) override { bell_.ring(); }
    Bell& bell() { return bell_; }

private:
    Bell bell_;
};

}  // namespace enough
