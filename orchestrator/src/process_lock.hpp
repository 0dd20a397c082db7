#pragma once

#include <filesystem>
#include <string_view>

namespace enough {

/// Holds a database file for this process alone, as long as it lives: two processes would take each other's runs for
/// interrupted ones. The lock is a file beside it (`FILE.lock`), and goes with the process however it ends.
class ProcessLock {
public:
    /// Throws `std::runtime_error` if another process holds it (`FILE is in use by another KIND; each needs its own`),
    /// or the file can't be made.
    ProcessLock(const std::filesystem::path& file, std::string_view kind);
    ~ProcessLock();
    ProcessLock(const ProcessLock&) = delete;
    ProcessLock& operator=(const ProcessLock&) = delete;

private:
    int file_ = -1;
};

}  // namespace enough
