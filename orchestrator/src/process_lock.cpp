#include "process_lock.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace enough {

// Not the database itself is locked: closing any other descriptor of it would give SQLite's own locks up
// (sqlite.org/howtocorrupt.html, 2.2).
ProcessLock::ProcessLock(const std::filesystem::path& locked, std::string_view kind) {
    const std::string file = locked.string() + ".lock";
    file_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file_ < 0)
        throw std::runtime_error(fmt::format("cannot write {}: {}", file, std::generic_category().message(errno)));
    if (::flock(file_, LOCK_EX | LOCK_NB) == 0) return;
    const int why = errno;
    ::close(file_);
    if (why == EWOULDBLOCK)
        throw std::runtime_error(fmt::format("{} is in use by another {}; each needs its own", locked.string(), kind));
    throw std::runtime_error(fmt::format("cannot lock {}: {}", file, std::generic_category().message(why)));
}

ProcessLock::~ProcessLock() {
    ::close(file_);
}

}  // namespace enough
