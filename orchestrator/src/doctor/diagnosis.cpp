#include <enough/orchestrator/doctor.hpp>

#include "doctor/probe_evidence.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

namespace enough {
namespace {

constexpr const char* other_signals = "gate it by agreement, verbalized or judge, or use a server that gives logprobs";

std::string_view advice_on(FailureKind kind) {
    switch (kind) {
        case FailureKind::connect:
            return "check base_url, and that the server runs";
        case FailureKind::tls:
            return "check the certificate, or name the authority's in ca_file";
        case FailureKind::timeout:
            return "raise --timeout if it is just slow";
        case FailureKind::unauthorized:
            return "check api_key";
        case FailureKind::no_model:
            return "check the model's name";
        case FailureKind::rate_limited:
        case FailureKind::overloaded:
            return "try again later";
        case FailureKind::server_error:
        case FailureKind::bad_request:
        case FailureKind::bad_response:
        case FailureKind::stream_cut:
        case FailureKind::context_full:
        case FailureKind::script_ended:
            return "";
    }
    return "";
}

bool never_got_there(FailureKind kind) {
    return kind == FailureKind::connect || kind == FailureKind::tls || kind == FailureKind::timeout;
}

/// A gate that wants as much as any, where the workflow has none.
EvidenceNeed usual_need(int top_k) {
    EvidenceNeed need;
    need.settings.top_k = top_k;
    return need;
}

class Diagnostician {
public:
    explicit Diagnostician(const Examination& examination) : seen_(examination) {}

    Diagnosis diagnose() {
        out_.gated = !seen_.needs.empty();
        calls();
        if (seen_.out_of_time) warn("the time for it was over before the last question", "raise --timeout");
        if (out_.answered) {
            identity();
            evidence();
        }
        const bool faulty = std::ranges::any_of(out_.findings, &Finding::error);
        out_.usable = out_.answered && out_.k > 0 && !faulty;
        // Evidence that nobody reads is no reason to fail.
        if (out_.ok())
            for (Finding& finding : out_.findings)
                finding.error = false;
        std::ranges::stable_partition(out_.findings, &Finding::error);
        return std::move(out_);
    }

private:
    const Probe* probe(ProbeKind kind) const {
        const auto found = std::ranges::find(seen_.probes, kind, &Probe::kind);
        return found == seen_.probes.end() || !found->outcome ? nullptr : &*found;
    }

    /// The streamed answer that most is learnt from.
    const Probe* base() const {
        const Probe* longer = probe(ProbeKind::longer);
        if (longer != nullptr) return longer;
        for (const ProbeKind kind : {ProbeKind::warm, ProbeKind::cool, ProbeKind::greedy})
            if (const Probe* found = probe(kind)) return found;
        return nullptr;
    }

    void error(std::string what, std::string_view advice) {
        out_.findings.push_back({true, std::move(what), std::string(advice)});
    }
    void warn(std::string what, std::string_view advice) {
        out_.findings.push_back({false, std::move(what), std::string(advice)});
    }

    void calls() {
        out_.answered = std::ranges::any_of(seen_.probes, [](const Probe& p) { return p.outcome.has_value(); });
        if (out_.answered) out_.authorized = true;
        out_.reachable = out_.answered;
        for (const Probe& probe : seen_.probes) {
            if (probe.outcome) continue;
            const Failure& failure = probe.outcome.error();
            out_.reachable = out_.reachable || !never_got_there(failure.kind);
            if (failure.kind == FailureKind::unauthorized && !out_.answered) out_.authorized = false;
            if (out_.answered)
                warn(fmt::format("a question ({}) failed: {}", name(probe.kind), failure.message),
                     advice_on(failure.kind));
        }
        if (!out_.answered && !seen_.probes.empty()) {
            const Failure& first = seen_.probes.front().outcome.error();
            error(first.message, advice_on(first.kind));
        }
        if (out_.answered && base() == nullptr) error("no stream came to its end", "");
    }

    void identity() {
        const Probe* from = base() != nullptr ? base() : probe(ProbeKind::whole);
        const Answer& answer = *from->outcome;
        out_.model = answer.model;
        out_.fingerprint = answer.fingerprint;
        out_.counted = answer.reported_output_tokens;
        out_.latency_ms = answer.latency.count();
        if (answer.first_token) out_.first_token_ms = answer.first_token->count();
        if (!out_.model.empty() && !seen_.asked_for.empty() && out_.model != seen_.asked_for)
            warn(fmt::format("it answers as '{}' and is asked for as '{}'", out_.model, seen_.asked_for),
                 "pin it (--write), so that a change of the alias is noticed");
        if (base() != nullptr && !out_.counted)
            warn(
                "its streams tell no token counts: what is missing of the evidence can't be seen, and spending is "
                "estimated",
                "use a server that honours stream_options.include_usage");
    }

    void evidence() {
        if (!seen_.gives_logprobs) return warn("it is never asked for logprobs", other_signals);
        out_.k_asked = seen_.top_k;
        if (base() == nullptr) return;
        const ProbeEvidence streamed = evidence_of(*base(), seen_.top_k);
        const Probe* whole_probe = probe(ProbeKind::whole);
        const ProbeEvidence whole = whole_probe != nullptr ? evidence_of(*whole_probe, seen_.top_k) : ProbeEvidence();
        out_.entries = static_cast<std::int64_t>(streamed.tokens - streamed.without_list);
        out_.k = streamed.k;
        reasoning(streamed);
        if (streamed.usable == 0) return none(streamed, whole);
        out_.streamed = true;
        soundness(streamed, whole);
        if (streamed.k < seen_.top_k)
            warn(fmt::format("its tokens come with {} candidates of {} asked for", streamed.k, seen_.top_k),
                 fmt::format("write 'top_k: {}' in the gates on it", streamed.k));
        agreement(whole_probe, whole);
        mode();
        greedy();
        if (seen_.pinned) contradictions(*seen_.pinned);
    }

    /// Nothing usable comes with its streams.
    void none(const ProbeEvidence& streamed, const ProbeEvidence& whole) {
        if (whole.usable > 0) {
            out_.streamed = false;
            return error("it loses its logprobs in streams; in one piece they are there",
                         "use a newer server, or go around what stands between: calls are always streamed");
        }
        if (base()->outcome->logprobs_refused) return error("it refuses to give logprobs", other_signals);
        if (streamed.single > 0)
            return error("its tokens come with one candidate each, which looks like certainty and says nothing",
                         "raise the server's limit of top_logprobs, and let it not cut them by top_p");
        if (streamed.sentinels > 0)
            return error("its candidates have no probabilities: all are placeholders such as -9999", other_signals);
        error("it gives no logprobs, and does not say so", other_signals);
    }

    void soundness(const ProbeEvidence& streamed, const ProbeEvidence& whole) {
        const std::vector<EvidenceNeed> usual{usual_need(seen_.top_k)};
        std::vector<std::string> said;
        for (const EvidenceNeed& need : seen_.needs.empty() ? usual : seen_.needs) {
            Gate gate;
            gate.signal = need.signal == Signal::fitted ? Signal::entropy_mean : need.signal;
            gate.settings = need.settings;
            gate.min_coverage = need.min_coverage;
            EvidenceAccumulator accumulator(gate.settings);
            for (const Token& token : base()->tokens)
                accumulator.add(token);
            const EvidenceSummary summary = accumulator.summary();
            auto fault = evidence_fault(gate, summary, facts());
            if (!fault || std::ranges::find(said, *fault) != said.end()) continue;
            said.push_back(*fault);
            error(*fault, advice_on_fault(summary, streamed, whole));
        }
    }

    CallFacts facts() const {
        const Answer& answer = *base()->outcome;
        CallFacts facts;
        facts.reported_output_tokens = answer.reported_output_tokens;
        facts.reported_reasoning_tokens = answer.reported_reasoning_tokens;
        if (answer.usage.reasoning_tokens > 0) facts.reported_reasoning_tokens = answer.usage.reasoning_tokens;
        facts.has_text = !answer.text.empty();
        return facts;
    }

    std::string_view advice_on_fault(const EvidenceSummary& summary, const ProbeEvidence& streamed,
                                     const ProbeEvidence& whole) const {
        if (summary.corrupt_tokens * 100 > summary.tokens)
            return "the server may send logits instead of logprobs: see its mode of logprobs";
        if (out_.reasoning == ReasoningEvidence::not_covered) return "write 'scope: answer' in the gates on it";
        if (summary.absent_tokens * 2 > summary.evidence_tokens)
            return "use a newer server: the lists belong to other tokens";
        if (summary.repeated_pairs * 4 > summary.adjacent_pairs)
            return "use a newer server: some repeat one list for all tokens of a chunk";
        if (streamed.usable < 3 && whole.usable > streamed.usable)
            return "something between keeps the logprobs of one chunk alone: ask the server itself";
        if (summary.tokens > static_cast<std::size_t>(std::max<std::int64_t>(out_.counted.value_or(0), 0)))
            return "the server's counts can't be relied on; use a newer one";
        return "use a newer server, or ask it without what stands between";
    }

    void reasoning(const ProbeEvidence& streamed) {
        const Answer& answer = *base()->outcome;
        const auto told = static_cast<std::size_t>(std::max<std::int64_t>(answer.usage.reasoning_tokens, 0));
        if (answer.reasoning.empty() && told == 0 && streamed.reasoning == 0) {
            out_.reasoning = ReasoningEvidence::none;
            return;
        }
        const std::size_t of = std::max({told, streamed.reasoning, std::size_t{1}});
        const bool covered = streamed.usable_reasoning > 0 && streamed.usable_reasoning * 10 >= of * 8;
        out_.reasoning = covered ? ReasoningEvidence::covered : ReasoningEvidence::not_covered;
        if (!covered && streamed.usable > 0)
            warn("its reasoning comes without logprobs", "write 'scope: answer' in the gates on it");
    }

    void agreement(const Probe* whole, const ProbeEvidence& evidence) {
        if (whole == nullptr || evidence.usable == 0) return;
        constexpr double most = 0.5;  // nats: far above what batches and rounding do
        const Probe* warm = probe(ProbeKind::warm);
        if (warm == nullptr) return;
        const auto found = relation(*warm, *whole);
        if (!found) return;
        out_.agree = found->largest_gap <= most;
        if (!*out_.agree)
            error(fmt::format("streamed and in one piece its logprobs differ by {:.2f} for one and the same token",
                              found->largest_gap),
                  "use a newer server: one of the two is wrong");
    }

    /// Temperature 0.5 doubles the distances of tempered logprobs and leaves raw ones as they are.
    void mode() {
        const Probe* warm = probe(ProbeKind::warm);
        const Probe* cool = probe(ProbeKind::cool);
        const auto found = warm != nullptr && cool != nullptr ? relation(*warm, *cool) : std::nullopt;
        if (found && std::abs(found->ratio - 1) < 0.1) out_.mode = LogprobMode::raw;
        if (found && std::abs(found->ratio - 2) < 0.2) out_.mode = LogprobMode::tempered;
        if (out_.mode == LogprobMode::tempered)
            warn("its logprobs depend on the temperature",
                 "give each agent on it a temperature, and calibrate at that one");
        if (out_.mode == LogprobMode::unknown)
            warn("whether its logprobs depend on the temperature can't be told",
                 "calibrate at the temperature that is used");
    }

    void greedy() {
        const Probe* greedy = probe(ProbeKind::greedy);
        if (greedy == nullptr || greedy == base() || greedy->tokens.empty()) return;
        const ProbeEvidence evidence = evidence_of(*greedy, seen_.top_k);
        if (evidence.usable * 2 < evidence.tokens)
            warn("at temperature 0 its tokens have no usable candidates", "gate it at a temperature above 0");
    }

    void contradictions(const EvidencePin& pin) {
        std::vector<std::string> differs;
        const auto compare = [&](const char* what, const auto& then, const auto& now) {
            differs.push_back(fmt::format("{} was {}, is {}", what, then, now));
        };
        if (out_.k < std::min(pin.k, seen_.top_k)) compare("k", pin.k, out_.k);
        if (!pin.model.empty() && !out_.model.empty() && pin.model != out_.model)
            compare("model", pin.model, out_.model);
        if (pin.mode != LogprobMode::unknown && out_.mode != LogprobMode::unknown && pin.mode != out_.mode)
            compare("mode", name(pin.mode), name(out_.mode));
        if (pin.usage && !out_.counted) compare("usage", true, false);
        const bool lost =
            pin.reasoning == ReasoningEvidence::covered && out_.reasoning == ReasoningEvidence::not_covered;
        const bool began = pin.reasoning == ReasoningEvidence::none && out_.reasoning != ReasoningEvidence::none;
        if (lost || began) compare("reasoning", name(pin.reasoning), name(out_.reasoning));
        for (std::string& what : differs)
            error("it is no longer what 'evidence' says: " + what,
                  "find out what changed, calibrate anew, and pin it again (--write)");
    }

    const Examination& seen_;
    Diagnosis out_;
};

}  // namespace

std::string_view name(ProbeKind kind) {
    switch (kind) {
        case ProbeKind::warm:
            return "temperature 1";
        case ProbeKind::whole:
            return "in one piece";
        case ProbeKind::cool:
            return "temperature 0.5";
        case ProbeKind::greedy:
            return "temperature 0";
        case ProbeKind::longer:
            return "longer";
    }
    return "";
}

Diagnosis diagnose(const Examination& examination) {
    return Diagnostician(examination).diagnose();
}

std::optional<EvidencePin> pin_of(const Diagnosis& diagnosis) {
    if (!diagnosis.answered || !diagnosis.usable) return std::nullopt;
    EvidencePin pin;
    pin.k = diagnosis.k;
    pin.streamed = diagnosis.streamed.value_or(true);
    pin.mode = diagnosis.mode;
    // None was seen in a few short answers: that says nothing of the next.
    if (diagnosis.reasoning != ReasoningEvidence::none) pin.reasoning = diagnosis.reasoning;
    pin.usage = diagnosis.counted.has_value();
    pin.model = diagnosis.model;
    return pin;
}

}  // namespace enough
