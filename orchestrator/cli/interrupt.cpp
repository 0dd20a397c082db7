#include "interrupt.hpp"

#include "exit_codes.hpp"

#include <csignal>
#include <cstdlib>

namespace enough::cli {

Interrupt::Interrupt(boost::asio::io_context& context) : signals_(context, SIGINT, SIGTERM) {
    listen();
}

void Interrupt::listen() {
    signals_.async_wait([this](const boost::system::error_code& error, int) {
        if (error) return;
        if (received_) std::_Exit(interrupted);
        received_ = true;
        listen();
        cancel_.emit(boost::asio::cancellation_type::terminal);
    });
}

}  // namespace enough::cli
