#pragma once

#include <enough/async/task.hpp>

#include <string>
#include <vector>

namespace enough {

/// Starts a program (found on PATH), gives it `input` on standard input, and waits for its exit status. What it prints
/// goes to standard error. It is killed after 60 s or when the caller is cancelled. Throws `std::runtime_error` if it
/// can't be started, is killed or does not end in time.
Task<int> run_grading_program(std::vector<std::string> command, std::string input);

}  // namespace enough
