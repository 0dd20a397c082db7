#include "now.hpp"

#include <fmt/chrono.h>

#include <ctime>

namespace enough::cli {

std::string now_utc() {
    return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
}

}  // namespace enough::cli
