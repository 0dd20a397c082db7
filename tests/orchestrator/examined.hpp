#pragma once

#include <enough/orchestrator/doctor.hpp>

#include <cmath>
#include <string>
#include <vector>

/// Examinations made by hand: distributions over six words whose logprobs are computed here, raw or divided by the
/// temperature as the definition of sampling has it.
namespace enough::test {

/// log softmax of made-up logits that differ from place to place, divided by `temperature`.
inline std::vector<Candidate> candidates(int place, double temperature = 1, int k = 6) {
    std::vector<double> logits;
    for (int i = 0; i < 6; ++i)
        logits.push_back(-0.7 * i - 0.05 * ((place * 7 + i * 3) % 5));
    double sum = 0;
    for (const double logit : logits)
        sum += std::exp(logit / temperature);
    std::vector<Candidate> out;
    for (int i = 0; i < k; ++i)
        out.push_back({"w" + std::to_string(place) + "-" + std::to_string(i),
                       logits[static_cast<std::size_t>(i)] / temperature - std::log(sum)});
    return out;
}

struct Recording {
    int tokens = 12;
    double temperature = 1;  ///< of the logprobs, 1: raw
    int k = 6;
    int reasoning = 0;  ///< of the tokens
};

inline Probe probe(ProbeKind kind, Recording recording = {}) {
    Probe out;
    out.kind = kind;
    for (int i = 0; i < recording.tokens; ++i) {
        Token token;
        token.candidates = candidates(i, recording.temperature, recording.k);
        token.bytes = token.candidates.front().bytes;
        token.logprob = token.candidates.front().logprob;
        token.phase = i < recording.reasoning ? Phase::reasoning : Phase::answer;
        out.tokens.push_back(std::move(token));
    }
    Answer answer;
    answer.text = "The sea is calm.";
    answer.model = "m-1";
    answer.reported_output_tokens = recording.tokens;
    if (recording.reasoning > 0) answer.reasoning = "Let me think.";
    out.outcome = std::move(answer);
    return out;
}

inline Probe failed(ProbeKind kind, FailureKind why, const std::string& message) {
    Probe out;
    out.kind = kind;
    Failure failure;
    failure.kind = why;
    failure.message = message;
    out.outcome = std::move(failure);
    return out;
}

/// A good server of raw logprobs, behind a gate that wants six candidates.
inline Examination healthy() {
    Examination out;
    out.asked_for = "m-1";
    out.top_k = 6;
    out.needs.push_back({Signal::entropy_mean, SignalSettings{.top_k = 6}, 0.9});
    for (const ProbeKind kind : {ProbeKind::warm, ProbeKind::whole, ProbeKind::cool, ProbeKind::greedy})
        out.probes.push_back(probe(kind));
    return out;
}

inline Answer& answer_of(Examination& examination, std::size_t at = 0) {
    return *examination.probes.at(at).outcome;
}

template <class Change>
Examination changed(Change change) {
    Examination out = healthy();
    for (Probe& each : out.probes)
        for (Token& token : each.tokens)
            change(token);
    return out;
}

inline std::string errors(const Diagnosis& diagnosis) {
    std::string text;
    for (const Finding& finding : diagnosis.findings)
        if (finding.error) text += finding.what + "; " + finding.advice + "\n";
    return text;
}

inline std::string warnings(const Diagnosis& diagnosis) {
    std::string text;
    for (const Finding& finding : diagnosis.findings)
        if (!finding.error) text += finding.what + "; " + finding.advice + "\n";
    return text;
}

}  // namespace enough::test
