#pragma once

#include <enough/async/task.hpp>
#include <enough/orchestrator/event.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <optional>

namespace enough {

/// Facts on their way into a run. One reader; all on the run's strand.
class Mailbox {
public:
    explicit Mailbox(asio::any_io_executor executor);

    void post(EventBody fact);

    /// The oldest fact; absent if the reader was cancelled while it waited. The reader must not throw when cancelled
    /// (`throw_if_cancelled(false)`), and can go on reading afterwards.
    Task<std::optional<EventBody>> next();

private:
    std::deque<EventBody> facts_;
    asio::steady_timer arrival_;
};

}  // namespace enough
