#pragma once

#include <boost/asio/awaitable.hpp>

namespace enough {

namespace asio = boost::asio;

/// A coroutine of this library: it starts when awaited (or given to `co_spawn`) and runs on the executor of whoever
/// awaits it. Cancelling it (`terminal`) makes the await inside it throw `operation_aborted`.
template <class T>
using Task = asio::awaitable<T>;

}  // namespace enough
