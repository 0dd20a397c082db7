#pragma once

#include <enough/policies/gate.hpp>

#include <cstddef>
#include <optional>
#include <string>

namespace enough {

/// How much of an answer the gate's signal rests on.
struct Covered {
    std::size_t with_evidence = 0;
    std::size_t of = 0;  ///< tokens of the scope: the seen ones, or the server's count where that is larger

    double share() const { return of == 0 ? 0.0 : static_cast<double>(with_evidence) / static_cast<double>(of); }
};
Covered covered(const Gate& gate, const EvidenceSummary& evidence, const CallFacts& facts);

/// Evidence of a fallback's answer is another model's, whatever it says.
std::optional<std::string> fallback_fault(const CallFacts& facts);

}  // namespace enough
