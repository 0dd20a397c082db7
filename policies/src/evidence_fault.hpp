#pragma once

#include <enough/policies/gate.hpp>

#include <cstddef>

namespace enough {

/// How much of an answer the gate's signal rests on.
struct Covered {
    std::size_t with_evidence = 0;
    std::size_t of = 0;  ///< tokens of the scope: the seen ones, or the server's count where that is larger

    double share() const { return of == 0 ? 0.0 : static_cast<double>(with_evidence) / static_cast<double>(of); }
};
Covered covered(const Gate& gate, const EvidenceSummary& evidence, const CallFacts& facts);

}  // namespace enough
