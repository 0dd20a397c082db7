#pragma once

#include <filesystem>

namespace enough {

/// Holds a store for this process alone, as long as it lives: two servers would take each other's runs for interrupted
/// ones. The lock is a file beside the store (`FILE.lock`), and goes with the process however it ends.
class StoreLock {
public:
    /// Throws `std::runtime_error` if another process holds it, or the file can't be made.
    explicit StoreLock(const std::filesystem::path& store);
    ~StoreLock();
    StoreLock(const StoreLock&) = delete;
    StoreLock& operator=(const StoreLock&) = delete;

private:
    int file_ = -1;
};

}  // namespace enough
