// Any text is read as a calibration file: it is one, or `std::invalid_argument` says why not. What was read is written
// and read again as the same, and a gate that uses it gives a verdict.
#include <enough/policies/calibration_file.hpp>
#include <enough/policies/gate.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string_view>

namespace {

std::optional<enough::Calibration> read(const nlohmann::json& file) {
    try {
        return enough::calibration_from_json(file);
    } catch (const std::invalid_argument&) {
        return std::nullopt;
    }
}

void judge_by(const enough::Calibration& calibration) {
    enough::EvidenceSummary evidence;
    evidence.tokens = evidence.evidence_tokens = evidence.logprob_tokens = 32;
    evidence.entropy_mean = evidence.entropy_max = evidence.confidence_mean = 0.5;
    evidence.confidence_bottom10 = evidence.logprob_mean = 0.5;
    auto fitted = std::make_shared<enough::GateCalibration>();
    enough::Gate gate;
    gate.stop_early = enough::StopEarly::predicted;
    for (const enough::StepCalibration& step : calibration.steps) {
        if (step.fitted) fitted->models.push_back(step.fitted->model);
        for (const auto& [method, threshold] : step.thresholds) {
            gate.accept.push_back(threshold.value.value_or(enough::accepts_nothing(gate.signal)));
            fitted->boundaries.push_back(threshold.boundary);
        }
    }
    gate.calibration = fitted;
    for (const auto signal : {enough::Signal::entropy_mean, enough::Signal::fitted}) {
        gate.signal = signal;
        for (const auto finish : {enough::FinishReason::stop, enough::FinishReason::stopped_early}) {
            enough::CallFacts facts;
            facts.finish_reason = finish;
            if (enough::judge(gate, {1, 1}, evidence, facts).reason.empty()) std::abort();
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto file = nlohmann::json::parse(text, nullptr, false);
    if (file.is_discarded()) return 0;
    const auto calibration = read(file);
    if (!calibration) return 0;
    const auto written = enough::to_json(*calibration);
    const auto again = read(nlohmann::json::parse(written.dump()));
    if (!again || !(again->key == calibration->key) || !(again->items == calibration->items)) std::abort();
    if (enough::to_json(*again).dump() != written.dump()) std::abort();
    judge_by(*calibration);
    return 0;
}
