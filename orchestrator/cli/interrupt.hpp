#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

namespace enough::cli {

/// Ctrl-C and SIGTERM: the first cancels what is bound to the slot, so that it ends in order; the second ends the
/// process at once.
class Interrupt {
public:
    explicit Interrupt(boost::asio::io_context& context);

    boost::asio::cancellation_slot slot() { return cancel_.slot(); }

    /// Stops listening, so that the context can run out of work.
    void done() { signals_.cancel(); }

private:
    void listen();

    boost::asio::signal_set signals_;
    boost::asio::cancellation_signal cancel_;
    bool received_ = false;
};

}  // namespace enough::cli
