#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include <sys/types.h>

namespace enough::test {

/// A program started as a child process, its output captured. Destroying it ends the process if it still runs.
class Program {
public:
    Program(const std::string& file, const std::vector<std::string>& arguments,
            const std::map<std::string, std::string>& environment = {}, const std::string& directory = ".");
    ~Program();
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    void signal(int number) const;

    struct Ended {
        int code = 0;  ///< exit code; 128 + number when a signal ended it
        std::string out;
        std::string err;
    };
    /// Waits for the end. A program that does not end within the limit is killed, and this throws.
    Ended wait(std::chrono::milliseconds limit = std::chrono::seconds(60));

private:
    pid_t pid_ = -1;
    int out_ = -1;
    int err_ = -1;
};

}  // namespace enough::test
