#include "serve/store_lock.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace enough {

// Not the store itself is locked: closing any other descriptor of it would give SQLite's own locks up
// (sqlite.org/howtocorrupt.html, 2.2).
StoreLock::StoreLock(const std::filesystem::path& store) {
    const std::string file = store.string() + ".lock";
    file_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file_ < 0)
        throw std::runtime_error(fmt::format("cannot write {}: {}", file, std::generic_category().message(errno)));
    if (::flock(file_, LOCK_EX | LOCK_NB) == 0) return;
    const int why = errno;
    ::close(file_);
    if (why == EWOULDBLOCK)
        throw std::runtime_error(fmt::format("{} is in use by another server; each needs its own", store.string()));
    throw std::runtime_error(fmt::format("cannot lock {}: {}", file, std::generic_category().message(why)));
}

StoreLock::~StoreLock() {
    ::close(file_);
}

}  // namespace enough
