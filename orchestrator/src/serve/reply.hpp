#pragma once

#include "bell.hpp"

#include <exception>
#include <memory>
#include <optional>
#include <utility>

namespace enough {

/// What another thread finds out for one coroutine that waits for it. Set and awaited on one strand.
template <class T>
class Reply {
public:
    explicit Reply(const asio::any_io_executor& executor) : bell_(executor) {}

    void set(std::optional<T> value, std::exception_ptr error) {
        value_ = std::move(value);
        error_ = std::move(error);
        bell_.ring();
    }

    /// The value, or the exception in its place. `reply` is held on to, so that a waiter who is cancelled does no harm.
    static Task<T> awaited(std::shared_ptr<Reply> reply) {
        while (!reply->value_ && !reply->error_)
            co_await reply->bell_.wait(Deadline::never());
        if (reply->error_) std::rethrow_exception(reply->error_);
        co_return std::move(*reply->value_);
    }

private:
    Bell bell_;
    std::optional<T> value_;
    std::exception_ptr error_;
};

}  // namespace enough
