#include "doctor/probe_evidence.hpp"

#include <enough/policies/token_entropy.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

namespace enough {
namespace {

constexpr double least_logprob = -100;   // below stand sentinels (docs/evidence.md)
constexpr double least_mattering = -4;   // nats; rarer candidates differ from build to build
constexpr double least_distance = 0.05;  // nats; smaller distances are all noise
constexpr std::size_t least_pairs = 2;

std::map<std::string, double> distribution(const Token& token) {
    std::map<std::string, double> out;
    for (const Candidate& candidate : token.candidates) {
        if (!std::isfinite(candidate.logprob) || candidate.logprob < least_logprob) continue;
        const auto [known, added] = out.emplace(candidate.bytes, candidate.logprob);
        if (!added) known->second = std::max(known->second, candidate.logprob);
    }
    return out;
}

/// Least squares through the origin over all pairs of distances.
class Fit {
public:
    void add(const Token& a, const Token& b) {
        const auto first = distribution(a);
        const auto second = distribution(b);
        const auto top = std::ranges::max_element(
            first, {}, [&](const auto& entry) { return second.contains(entry.first) ? entry.second : -1e9; });
        if (top == first.end() || !second.contains(top->first)) return;
        const double top_in_second = second.at(top->first);
        for (const auto& [bytes, logprob] : first) {
            const auto other = second.find(bytes);
            if (other == second.end()) continue;
            if (logprob > least_mattering || other->second > least_mattering)
                gap_ = std::max(gap_, std::abs(logprob - other->second));
            const double distance = top->second - logprob;
            if (bytes == top->first || distance < least_distance) continue;
            ++pairs_;
            products_ += distance * (top_in_second - other->second);
            squares_ += distance * distance;
        }
    }

    std::optional<Relation> result() const {
        if (pairs_ < least_pairs) return std::nullopt;
        return Relation{products_ / squares_, gap_};
    }

private:
    std::size_t pairs_ = 0;
    double products_ = 0;
    double squares_ = 0;
    double gap_ = 0;
};

}  // namespace

ProbeEvidence evidence_of(const Probe& probe, int top_k) {
    ProbeEvidence out;
    std::vector<int> effective;
    for (const Token& token : probe.tokens) {
        ++out.tokens;
        const bool reasoning = token.phase == Phase::reasoning;
        if (reasoning) ++out.reasoning;
        const int k = token_entropy(token.candidates, top_k).k_effective;
        if (k >= 2) {
            ++out.usable;
            if (reasoning) ++out.usable_reasoning;
            effective.push_back(k);
        } else if (token.candidates.empty()) {
            ++out.without_list;
        } else if (token.candidates.size() == 1) {
            ++out.single;
        } else {
            ++out.sentinels;
        }
    }
    if (effective.empty()) return out;
    const auto middle = effective.begin() + static_cast<std::ptrdiff_t>(effective.size() / 2);
    std::ranges::nth_element(effective, middle);
    out.k = *middle;
    return out;
}

std::optional<Relation> relation(const Probe& a, const Probe& b) {
    Fit fit;
    for (std::size_t i = 0; i < std::min(a.tokens.size(), b.tokens.size()); ++i) {
        fit.add(a.tokens[i], b.tokens[i]);
        if (a.tokens[i].bytes != b.tokens[i].bytes) break;
    }
    return fit.result();
}

}  // namespace enough
