#include "generators.hpp"

#include <cmath>
#include <limits>

namespace enough::test {

namespace {

rc::Gen<double> real(double low, double high) {
    constexpr int steps = 1 << 20;
    return rc::gen::map(rc::gen::inRange(0, steps + 1), [=](int i) { return low + (high - low) * i / steps; });
}

Token token_of(std::vector<Candidate> candidates, std::size_t sampled, bool reasons) {
    Token token;
    if (!candidates.empty()) {
        const Candidate& own = candidates[sampled % candidates.size()];
        token.bytes = own.bytes;
        token.logprob = own.logprob;
    }
    token.phase = reasons ? Phase::reasoning : Phase::answer;
    token.candidates = std::move(candidates);
    return token;
}

}  // namespace

rc::Gen<std::vector<Candidate>> honest_candidates(std::size_t least, std::size_t most) {
    const auto weights = rc::gen::mapcat(rc::gen::inRange(least, most + 1), [](std::size_t count) {
        return rc::gen::container<std::vector<double>>(count, real(0, 30));
    });
    const auto with_rest = rc::gen::pair(weights, real(0.01, 1));
    return rc::gen::map(with_rest, [](const std::pair<std::vector<double>, double>& drawn) {
        double sum = 0;
        for (const double below : drawn.first)
            sum += std::exp(-below);
        const double shift = std::log(drawn.second / sum);
        std::vector<Candidate> candidates;
        for (const double below : drawn.first) {
            candidates.push_back({"w" + std::to_string(candidates.size()), -below + shift});
        }
        return candidates;
    });
}

rc::Gen<std::vector<Candidate>> any_candidates() {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const double infinity = std::numeric_limits<double>::infinity();
    const auto logprob = rc::gen::weightedOneOf<double>(
        {{8, real(-20, 0)},
         {1, real(-1, 1)},
         {2, rc::gen::element(-9999.0, -100.0, -100.001, -3.4028234663852886e38, 3.4028234663852886e38, -0.0, 0.0, nan,
                              infinity, -infinity)}});
    const auto word = rc::gen::element<std::string>("", "a", "b", "ab", "the", "answer", "a longer word", "\xE2\x82",
                                                    std::string(40, 'x'), std::string(40, 'x') + "y");
    const auto candidate = rc::gen::construct<Candidate>(word, logprob);
    return rc::gen::container<std::vector<Candidate>>(candidate);
}

rc::Gen<Token> honest_token() {
    return rc::gen::apply(token_of, honest_candidates(2, 24), rc::gen::inRange<std::size_t>(0, 24),
                          rc::gen::just(false));
}

rc::Gen<Token> any_token() {
    const auto candidates =
        rc::gen::weightedOneOf<std::vector<Candidate>>({{2, honest_candidates(1, 24)}, {1, any_candidates()}});
    return rc::gen::apply(token_of, candidates, rc::gen::inRange<std::size_t>(0, 24), rc::gen::arbitrary<bool>());
}

std::vector<Candidate> uniform(std::size_t count, const std::string& prefix) {
    std::vector<Candidate> candidates;
    for (std::size_t i = 0; i < count; ++i) {
        candidates.push_back({prefix + std::to_string(i), -std::log(static_cast<double>(count))});
    }
    return candidates;
}

EvidenceSummary evidence_of(double value) {
    EvidenceSummary evidence;
    evidence.tokens = evidence.evidence_tokens = evidence.logprob_tokens = 100;
    evidence.adjacent_pairs = 99;
    evidence.entropy_mean = evidence.entropy_max = evidence.entropy_tail = value;
    evidence.confidence_mean = evidence.confidence_tail = value;
    evidence.confidence_lowest_group = evidence.confidence_bottom10 = evidence.logprob_mean = value;
    return evidence;
}

}  // namespace enough::test
