#include <enough/policies/evidence.hpp>

#include "compensated_sum.hpp"
#include "kept_candidates.hpp"
#include "logprob_limits.hpp"
#include "recent_values.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

namespace enough {

namespace {

// A candidate's logprob above this is no rounding of certainty.
constexpr double most_candidate_logprob = 0.001;

std::optional<double> mean(const CompensatedSum& sum, std::size_t count) {
    if (count == 0) return std::nullopt;
    return sum.value() / static_cast<double>(count);
}

bool in_scope(Scope scope, Phase phase) {
    switch (scope) {
        case Scope::all:
            return true;
        case Scope::reasoning:
            return phase == Phase::reasoning;
        case Scope::answer:
            return phase == Phase::answer;
    }
    return false;
}

bool lists_itself(const Token& token) {
    return std::ranges::find(token.candidates, token.bytes, &Candidate::bytes) != token.candidates.end();
}

bool is_corrupt(const TokenEntropy& measured, const KeptCandidates& kept) {
    return measured.missing == MissingEvidence::mass_above_one ||
           (!kept.list().empty() && kept.list().front().logprob > most_candidate_logprob);
}

double mean_of_lowest(std::vector<double> values, double fraction) {
    const auto all = static_cast<double>(values.size());
    const auto count = static_cast<std::size_t>(std::clamp(std::floor(all * fraction), 1.0, all));
    std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(count - 1));
    CompensatedSum sum;
    for (std::size_t i = 0; i < count; ++i)
        sum.add(values[i]);
    return sum.value() / static_cast<double>(count);
}

}  // namespace

double EvidenceSummary::coverage() const {
    return tokens == 0 ? 0.0 : static_cast<double>(evidence_tokens) / static_cast<double>(tokens);
}

std::optional<double> EvidenceSummary::value(Signal signal) const {
    switch (signal) {
        case Signal::entropy_mean:
            return entropy_mean;
        case Signal::entropy_max:
            return entropy_max;
        case Signal::entropy_tail:
            return entropy_tail;
        case Signal::confidence_mean:
            return confidence_mean;
        case Signal::confidence_tail:
            return confidence_tail;
        case Signal::confidence_lowest_group:
            return confidence_lowest_group;
        case Signal::confidence_bottom10:
            return confidence_bottom10;
        case Signal::logprob_mean:
            return logprob_mean;
        case Signal::fitted:
        case Signal::agreement:
        case Signal::agreement_share:
        case Signal::verbalized:
        case Signal::judge:
            return std::nullopt;  // made of more than one answer's evidence, or of none
    }
    return std::nullopt;
}

struct EvidenceAccumulator::State {
    explicit State(SignalSettings with)
        : settings(with),
          tail(std::max<std::size_t>(with.tail, 1)),
          window(std::max<std::size_t>(with.window, 1)),
          recent_entropies(tail),
          recent_confidences(std::max(tail, window)) {}

    void add_own_logprob(double logprob);
    void add_evidence(const Token& token, const TokenEntropy& measured, std::uint64_t fingerprint);
    void add_confidence(double confidence);

    SignalSettings settings;
    std::size_t tail;
    std::size_t window;
    EvidenceSummary counts;  // only its counts are kept up to date

    CompensatedSum entropies;
    CompensatedSum confidences;
    CompensatedSum own_logprobs;
    CompensatedSum covered_masses;
    double largest_entropy = 0;
    RecentValues recent_entropies;
    RecentValues recent_confidences;
    double window_sum = 0;            // of the last `window` confidences
    std::vector<double> group_means;  // one for each full window
    double lowest_group = 0;          // of them
    std::optional<std::uint64_t> previous_list;
};

void EvidenceAccumulator::State::add_own_logprob(double logprob) {
    if (!std::isfinite(logprob) || logprob < least_logprob || logprob > most_own_logprob) return;
    own_logprobs.add(logprob);
    ++counts.logprob_tokens;
}

void EvidenceAccumulator::State::add_evidence(const Token& token, const TokenEntropy& measured,
                                              std::uint64_t fingerprint) {
    ++counts.evidence_tokens;
    entropies.add(measured.entropy);
    confidences.add(measured.confidence);
    covered_masses.add(measured.covered_mass);
    largest_entropy = std::max(largest_entropy, measured.entropy);
    counts.min_k_effective = std::min(counts.min_k_effective.value_or(measured.k_effective), measured.k_effective);
    if (measured.k_effective < settings.top_k) ++counts.short_tokens;
    recent_entropies.push(measured.entropy);
    add_confidence(measured.confidence);

    if (!lists_itself(token)) ++counts.absent_tokens;
    if (previous_list) {
        ++counts.adjacent_pairs;
        if (*previous_list == fingerprint) ++counts.repeated_pairs;
    }
    previous_list = fingerprint;
}

void EvidenceAccumulator::State::add_confidence(double confidence) {
    const std::size_t seen = counts.evidence_tokens;  // this one included
    if (seen > window) window_sum -= recent_confidences.latest(window);
    window_sum += confidence;
    recent_confidences.push(confidence);
    if (seen < window) return;
    // Summed afresh once per window length, so that rounding does not pile up over a long answer.
    if (seen % window == 0) window_sum = recent_confidences.sum_of_last(window);
    const double group = window_sum / static_cast<double>(window);
    lowest_group = group_means.empty() ? group : std::min(lowest_group, group);
    group_means.push_back(group);
}

std::optional<std::vector<double>> features(const EvidenceSummary& evidence) {
    const auto tokens = std::log1p(static_cast<double>(evidence.tokens));
    std::vector<double> values;
    for (const auto& value : {evidence.entropy_mean, evidence.entropy_max, evidence.confidence_mean,
                              evidence.confidence_bottom10, evidence.logprob_mean, std::optional(tokens)}) {
        if (!value) return std::nullopt;
        values.push_back(*value);
    }
    return values;
}

EvidenceAccumulator::EvidenceAccumulator(SignalSettings settings) : state_(std::make_unique<State>(settings)) {}
EvidenceAccumulator::~EvidenceAccumulator() = default;
EvidenceAccumulator::EvidenceAccumulator(EvidenceAccumulator&&) noexcept = default;
EvidenceAccumulator& EvidenceAccumulator::operator=(EvidenceAccumulator&&) noexcept = default;

std::optional<TokenEntropy> EvidenceAccumulator::add(const Token& token) {
    State& state = *state_;
    if (!in_scope(state.settings.scope, token.phase)) return std::nullopt;
    ++state.counts.tokens;
    if (token.phase == Phase::reasoning) ++state.counts.reasoning_tokens;
    state.add_own_logprob(token.logprob);
    const KeptCandidates kept(token.candidates, state.settings.top_k);
    const TokenEntropy measured = measure(kept);
    if (is_corrupt(measured, kept)) ++state.counts.corrupt_tokens;
    if (!measured.missing) state.add_evidence(token, measured, kept.fingerprint());
    return measured;
}

EvidenceSummary EvidenceAccumulator::summary() const {
    const State& state = *state_;
    EvidenceSummary result = state.counts;
    result.logprob_mean = mean(state.own_logprobs, result.logprob_tokens);
    if (result.evidence_tokens == 0) return result;
    result.entropy_mean = mean(state.entropies, result.evidence_tokens);
    result.entropy_max = state.largest_entropy;
    result.entropy_tail = state.recent_entropies.mean_of_last(state.tail);
    result.confidence_mean = mean(state.confidences, result.evidence_tokens);
    result.confidence_tail = state.recent_confidences.mean_of_last(state.tail);
    result.mean_covered_mass = mean(state.covered_masses, result.evidence_tokens);
    // An answer shorter than the window is one group.
    result.confidence_lowest_group = lowest_group().value_or(*result.confidence_mean);
    std::vector<double> groups = state.group_means;
    if (groups.empty()) groups.push_back(*result.confidence_mean);
    result.confidence_bottom10 = mean_of_lowest(std::move(groups), state.settings.bottom_fraction);
    return result;
}

std::size_t EvidenceAccumulator::tokens() const {
    return state_->counts.tokens;
}

std::size_t EvidenceAccumulator::evidence_tokens() const {
    return state_->counts.evidence_tokens;
}

double EvidenceAccumulator::entropy_sum() const {
    return state_->entropies.value();
}

double EvidenceAccumulator::entropy_max() const {
    return state_->largest_entropy;
}

double EvidenceAccumulator::confidence_sum() const {
    return state_->confidences.value();
}

std::size_t EvidenceAccumulator::logprob_tokens() const {
    return state_->counts.logprob_tokens;
}

double EvidenceAccumulator::logprob_sum() const {
    return state_->own_logprobs.value();
}

std::optional<double> EvidenceAccumulator::lowest_group() const {
    return state_->group_means.empty() ? std::nullopt : std::optional(state_->lowest_group);
}

std::optional<double> EvidenceAccumulator::latest_group() const {
    return state_->group_means.empty() ? std::nullopt : std::optional(state_->group_means.back());
}

}  // namespace enough
