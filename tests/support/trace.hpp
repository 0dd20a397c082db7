#pragma once

#include <enough/orchestrator/event.hpp>

#include <string>

namespace enough::test {

/// An event as one short line, for traces that people write and read: `judged 1 refine: entropy.mean 0.90 > 0.58`.
std::string trace_line(const Event& event);

}  // namespace enough::test
