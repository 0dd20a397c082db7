#include <enough/policies/token_entropy.hpp>

#include <cmath>
#include <iostream>
#include <vector>

// Two equally likely candidates: one bit, by definition.
int main() {
    const double half = std::log(0.5);
    const std::vector<enough::Candidate> candidates{{.bytes = "yes", .logprob = half},
                                                    {.bytes = "no", .logprob = half}};
    const enough::TokenEntropy measured = enough::token_entropy(candidates, 20);
    std::cout << "entropy " << measured.entropy << " bits\n";
    return !measured.missing && std::abs(measured.entropy - 1) < 1e-12 ? 0 : 1;
}
