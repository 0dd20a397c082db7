#pragma once

#include "interrupt.hpp"

#include <enough/async/task.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <optional>

namespace enough::cli {

/// Runs a task on `context` to its end; Ctrl-C cancels it. Rethrows what it throws.
template <class T>
T run_until_done(asio::io_context& context, Task<T> task) {
    Interrupt interrupt(context);
    std::optional<T> result;
    std::exception_ptr error;
    const auto done = [&](std::exception_ptr thrown, T value) {
        error = thrown;
        result = std::move(value);
        interrupt.done();
    };
    asio::co_spawn(context, std::move(task), asio::bind_cancellation_slot(interrupt.slot(), done));
    context.run();
    if (error) std::rethrow_exception(error);
    return std::move(*result);
}

}  // namespace enough::cli
