#pragma once

#include "terminal.hpp"

#include <enough/orchestrator/chain_recording.hpp>

#include <chrono>
#include <cstddef>

namespace enough::cli {

/// Shows how far a piece of work on many items is: a bar that is rewritten on a terminal, a line now and then
/// elsewhere.
class ItemBar {
public:
    explicit ItemBar(Terminal& terminal) : terminal_(terminal) {}

    void show(const ItemProgress& progress);

private:
    Terminal& terminal_;
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
    std::chrono::steady_clock::time_point shown_{};
    std::size_t first_ = 0;  ///< items that were done before
    bool begun_ = false;
    std::size_t shown_tenths_ = 0;
};

}  // namespace enough::cli
