#pragma once

#include <enough/orchestrator/event.hpp>
#include <enough/policies/evidence.hpp>

#include <array>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace enough {

/// The numbers of candidates that the ablation compares, as in arXiv 2510.08146.
inline constexpr std::array ablation_top_k{5, 10, 15, 20};

/// All that an evaluation wants to know of one call.
struct WitnessedCall {
    CallRequested request;
    std::optional<Answer> answer;  ///< absent: failed or aborted
    std::optional<EvidenceSummary> evidence;
    std::optional<Judgement> judgement;
    std::optional<std::string> value;  ///< the extracted answer
    std::string failure;

    std::vector<double> running;  ///< entropy.mean over the first 16, 32, 64 … tokens with evidence
    std::array<std::optional<double>, ablation_top_k.size()> entropy_by_k;
    std::vector<std::pair<std::string, std::optional<double>>> heat;  ///< each token's text and entropy, at most 400
};

/// Listens to one run and keeps what an evaluation wants to know.
class Witness : public EventSink {
public:
    /// `settings`: how the evidence of the watched gate is measured.
    explicit Witness(SignalSettings settings);
    ~Witness() override;

    void on(const Event& event) override;
    void on_delta(const CallDelta& delta) override;
    void on_token(CallId call, const Token& token) override;

    /// In the order in which they were requested.
    const std::vector<WitnessedCall>& calls() const { return calls_; }

private:
    struct Measuring;

    void begin(const CallRequested& request);
    void end(const CallAnswered& fact);

    SignalSettings settings_;
    std::vector<WitnessedCall> calls_;
    std::map<CallId, std::unique_ptr<Measuring>> measuring_;
};

}  // namespace enough
