#pragma once

#include <enough/agents/failure.hpp>
#include <enough/async/deadline.hpp>
#include <enough/async/task.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace enough {

/// The addresses of a host, at least one. A numeric host is not looked up. A look-up that the system does not finish in
/// time, or whose caller is cancelled, is left to end by itself and its outcome dropped: it can't be interrupted.
Task<Result<std::vector<asio::ip::tcp::endpoint>>> resolve(std::string host, std::uint16_t port, Deadline deadline);

}  // namespace enough
