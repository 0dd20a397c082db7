#include "evaluation/witness.hpp"

#include <enough/policies/predicted_stop.hpp>

#include <variant>

namespace enough {
namespace {

constexpr std::size_t most_heat = 400;

SignalSettings with_top_k(SignalSettings settings, int top_k) {
    settings.top_k = top_k;
    return settings;
}

}  // namespace

/// What is measured of a call while it runs.
struct Witness::Measuring {
    explicit Measuring(const SignalSettings& settings) : own(settings) {
        for (const int top_k : ablation_top_k)
            by_k.emplace_back(with_top_k(settings, top_k));
    }

    EvidenceAccumulator own;
    std::vector<EvidenceAccumulator> by_k;
    std::vector<double> running;
    std::vector<std::pair<std::string, std::optional<double>>> heat;
};

Witness::Witness(SignalSettings settings) : settings_(settings) {}

Witness::~Witness() = default;

void Witness::on(const Event& event) {
    const EventBody& body = event.body;
    if (const auto* requested = std::get_if<CallRequested>(&body)) {
        begin(*requested);
    } else if (const auto* answered = std::get_if<CallAnswered>(&body)) {
        end(*answered);
    } else if (const auto* judged = std::get_if<CallJudged>(&body)) {
        WitnessedCall& call = calls_.at(judged->call - 1);
        call.judgement = judged->judgement;
        call.value = judged->answer;
    } else if (const auto* failed = std::get_if<CallFailed>(&body)) {
        calls_.at(failed->call - 1).failure = failed->message;
        measuring_.erase(failed->call);
    } else if (const auto* aborted = std::get_if<CallAborted>(&body)) {
        calls_.at(aborted->call - 1).failure = "aborted";
        measuring_.erase(aborted->call);
    }
}

void Witness::on_delta(const CallDelta& delta) {
    const auto found = measuring_.find(delta.call);
    if (delta.restart && found != measuring_.end()) found->second = std::make_unique<Measuring>(settings_);
}

void Witness::on_token(CallId call, const Token& token) {
    const auto found = measuring_.find(call);
    if (found == measuring_.end()) return;
    Measuring& seen = *found->second;
    for (EvidenceAccumulator& each : seen.by_k)
        each.add(token);
    const auto measured = seen.own.add(token);
    if (seen.heat.size() < most_heat)
        seen.heat.emplace_back(token.bytes,
                               measured && !measured->missing ? std::optional(measured->entropy) : std::nullopt);
    if (!measured || measured->missing) return;
    if (seen.own.evidence_tokens() == checkpoint_tokens(seen.running.size()))
        seen.running.push_back(seen.own.summary().entropy_mean.value());
}

void Witness::begin(const CallRequested& request) {
    calls_.emplace_back().request = request;
    measuring_.emplace(request.call, std::make_unique<Measuring>(settings_));
}

void Witness::end(const CallAnswered& fact) {
    WitnessedCall& call = calls_.at(fact.call - 1);
    call.answer = fact.answer;
    call.evidence = fact.evidence;
    Measuring& seen = *measuring_.at(fact.call);
    call.running = std::move(seen.running);
    call.heat = std::move(seen.heat);
    for (std::size_t i = 0; i < seen.by_k.size(); ++i)
        call.entropy_by_k[i] = seen.by_k[i].summary().entropy_mean;
    measuring_.erase(fact.call);
}

}  // namespace enough
