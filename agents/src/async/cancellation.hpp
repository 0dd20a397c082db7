#pragma once

#include <enough/async/task.hpp>

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>

#include <exception>
#include <utility>

namespace enough {

/// Hands what arrives at a caller's cancellation slot on to `on_cancel`, for as long as this lives. Only while the
/// caller waits for something that leaves its own slot alone.
class ForwardCancellation {
public:
    template <class OnCancel>
    ForwardCancellation(asio::cancellation_slot slot, OnCancel on_cancel) : slot_(slot) {
        if (slot_.is_connected()) slot_.assign(Handler<OnCancel>{std::move(on_cancel)});
    }
    ~ForwardCancellation() {
        if (slot_.is_connected()) slot_.clear();
    }
    ForwardCancellation(const ForwardCancellation&) = delete;
    ForwardCancellation& operator=(const ForwardCancellation&) = delete;

private:
    template <class OnCancel>
    struct Handler {
        OnCancel on_cancel;
        void operator()(asio::cancellation_type type) {
            if ((type & asio::cancellation_type::terminal) != asio::cancellation_type::none) on_cancel();
        }
    };

    asio::cancellation_slot slot_;
};

[[noreturn]] void throw_cancelled();

/// Whether this is what a cancelled await throws.
bool is_cancellation(const std::exception_ptr& error);

}  // namespace enough
