#pragma once

#include "loading.hpp"

#include <enough/policies/signal.hpp>

namespace enough {

/// Is the signal about several answers?
inline bool compares_answers(Signal signal) {
    return signal == Signal::agreement || signal == Signal::agreement_share;
}

/// Reads `samples`, `verbalized` and `judge`.
void read_signal_keys(Fields& fields, WrittenGate& written, Loading& loading);

}  // namespace enough
