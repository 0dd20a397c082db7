#pragma once

#include <enough/orchestrator/step.hpp>

#include <cstddef>
#include <unordered_map>

namespace enough {

/// Numbers the equal requests of one run, from 0, in the order in which they are made: a panel's members and a loop's
/// passes that ask the same are different samples, which a cache must not make one.
class Samples {
public:
    int next(const Ask& ask);

private:
    // By a hash. Were two requests to share one, a number would be left out, and nothing else.
    std::unordered_map<std::size_t, int> seen_;
};

}  // namespace enough
