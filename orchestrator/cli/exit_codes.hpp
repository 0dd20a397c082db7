#pragma once

namespace enough::cli {

/// Exit code 2: bad use or a bad file. The others come from `exit_code(Status)`.
inline constexpr int bad_use = 2;
/// Exit code 130: ended by Ctrl-C or SIGTERM.
inline constexpr int interrupted = 130;

}  // namespace enough::cli
