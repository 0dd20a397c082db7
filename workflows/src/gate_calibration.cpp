#include "loading.hpp"

#include <enough/policies/calibration_file.hpp>
#include <enough/workflows/calibration_key.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <stdexcept>
#include <utility>

namespace enough {
namespace {

constexpr std::size_t largest_file = 256 << 20;

/// Where the file's name stands: in the map, or alone.
Value file_of(const CalibrationRef& ref) {
    return ref.where.is_map() ? ref.where.at("calibration") : ref.where;
}

std::string file_name(const CalibrationRef& ref) {
    return file_of(ref).node().text;
}

/// Reads each file once. Null: it can't be used, which was reported when it was read first.
std::shared_ptr<const Calibration> read_calibration(const CalibrationRef& ref, Loading& loading) {
    const Value name = file_of(ref);
    const auto path = resolved(name.mark(), name.node().text);
    if (const auto known = loading.calibration_files.find(path); known != loading.calibration_files.end())
        return known->second;
    auto& calibration = loading.calibration_files[path];
    const auto text = loading.sources.read_text(name, largest_file);
    if (!text) return nullptr;
    try {
        calibration = std::make_shared<const Calibration>(calibration_from_json(nlohmann::json::parse(*text)));
    } catch (const nlohmann::json::exception&) {
        name.error("this is no JSON file; make one with enough calibrate");
    } catch (const std::invalid_argument& fault) {
        name.error(fmt::format("this is no calibration file: {}", fault.what()));
    }
    return calibration;
}

/// What one rung takes from one calibration.
class Binding {
public:
    Binding(const CalibrationRef& ref, std::shared_ptr<const Calibration> calibration, Gate& gate,
            GateCalibration& taken)
        : ref_(ref), calibration_(std::move(calibration)), gate_(gate), taken_(taken) {}

    /// Do the conditions hold that it was made under?
    bool check_conditions(CalibrationKey now) const {
        const CalibrationKey& then = calibration_->key;
        if (gate_.signal == Signal::fitted) now.signal = then.signal;
        const std::vector<std::string> differing = differences(now, then);
        if (differing.empty()) return true;
        std::string what = fmt::format("the calibration does not hold here: {}", fmt::join(differing, "; "));
        if (ref_.allow_stale)
            ref_.where.warning(what);
        else
            ref_.where.error(what + "; calibrate anew, or write allow_stale: true");
        return ref_.allow_stale;
    }

    /// A threshold says nothing of answers to other settings than those it was calibrated with.
    void check_requests(const std::vector<SamplingField>& allowed) const {
        for (const SamplingField field : allowed)
            if (field != SamplingField::seed && !ref_.allow_stale)
                ref_.where.error(
                    fmt::format("a request could change '{}' (serve.allow), and the calibration would not "
                                "hold any more; leave it out there, or write allow_stale: true here",
                                name(field)));
    }

    void take_origin() {
        if (taken_.file.empty()) taken_.file = file_name(ref_);  // that of `accept` first
        if (ref_.allow_stale) return;
        taken_.served_model = calibration_->key.served_model;
        taken_.fingerprint = calibration_->key.fingerprint;
    }

    void take_accept(int steps) {
        taken_.method = name(*ref_.method);
        for (int number = 1; number <= steps; ++number)
            if (!take_step(number)) break;
        // A threshold that nothing passes has no boundary.
        if (!gate_.accept.empty() && std::isfinite(gate_.accept.front())) require_boundary(taken_.boundaries.front());
        take_scores();
    }

    /// `judged`: what is wrong with the calibration has been said of `accept`.
    void take_escalate(bool judged) {
        const StepCalibration& first = calibration_->steps.front();
        const std::optional<Part> part = part_of(first, !judged);
        if (!part || !may_be_used(*part, 1, !judged)) return;
        const auto& upper = *part->escalate;
        if (!upper || !upper->value) {
            ref_.where.warning(fmt::format("no upper threshold: {}", upper && !upper->reason.empty()
                                                                         ? upper->reason
                                                                         : "the calibration has none"));
            return;
        }
        const bool by_accept = !gate_.accept.empty() && std::isfinite(gate_.accept.front());
        if (by_accept && at_least_as_sure(gate_.signal, *upper->value, gate_.accept.front())) {
            ref_.where.warning(
                fmt::format("no upper threshold: {} is not above 'accept' ({})", *upper->value, gate_.accept.front()));
            return;
        }
        gate_.escalate = upper->value;
        taken_.escalate_boundary = upper->boundary;
        require_boundary(upper->boundary);
    }

private:
    /// What a step's calibration says of the gate's signal: the plain one, or the fitted one.
    struct Part {
        CalibrationVerdict verdict;
        const std::vector<std::string>* reasons;
        const MethodThresholds* thresholds;
        const std::optional<CalibratedThreshold>* escalate;
    };

    void require_boundary(const std::optional<StopBoundary>& boundary) const {
        if (gate_.stop_early == StopEarly::predicted && !boundary)
            ref_.where.error("stop_early: predicted needs a calibration with boundaries; calibrate anew");
    }

    std::optional<Part> part_of(const StepCalibration& step, bool aloud) const {
        if (gate_.signal != Signal::fitted) return Part{step.verdict, &step.reasons, &step.thresholds, &step.escalate};
        if (step.fitted && step.fitted->better)
            return Part{step.fitted->verdict, &step.fitted->reasons, &step.fitted->thresholds, &step.fitted->escalate};
        if (aloud)
            ref_.where.error(step.fitted ? "signal 'fitted' is not better than the plain signal on held-out items; use "
                                           "the plain signal"
                                         : "the calibration has no fitted signal");
        return std::nullopt;
    }

    bool may_be_used(const Part& part, int number, bool aloud) const {
        if (part.verdict == CalibrationVerdict::refused) {
            if (number == 1 && aloud)
                ref_.where.error(fmt::format("the calibration was refused: {}", fmt::join(*part.reasons, "; ")));
            return false;
        }
        if (number == 1 && aloud && part.verdict == CalibrationVerdict::weak)
            ref_.where.warning(fmt::format("weak calibration: {}", fmt::join(*part.reasons, "; ")));
        return true;
    }

    /// Takes the threshold of a step; false: the steps from here on have none.
    bool take_step(int number) {
        const StepCalibration* step = calibration_->step(number);
        if (step == nullptr) return false;
        const std::optional<Part> part = part_of(*step, number == 1);
        if (!part || !may_be_used(*part, number, number == 1)) return false;
        const auto found = part->thresholds->find(*ref_.method);
        if (found == part->thresholds->end()) {
            if (number == 1) ref_.where.error(fmt::format("the calibration has no method '{}'", name(*ref_.method)));
            return false;
        }
        add(number, found->second, *step);
        return true;
    }

    void add(int number, const CalibratedThreshold& threshold, const StepCalibration& step) {
        gate_.accept.push_back(threshold.value.value_or(accepts_nothing(gate_.signal)));
        if (!threshold.value) ref_.where.warning(fmt::format("step {} accepts nothing: {}", number, threshold.reason));
        taken_.threshold_intervals.push_back(threshold.interval);
        taken_.boundaries.push_back(threshold.boundary);
        if (gate_.signal == Signal::fitted) taken_.models.push_back(step.fitted->model);
    }

    /// The signal's values at step 1. Those of the fitted signal are computed, as a gate will.
    void take_scores() {
        for (const ObservedChain& item : calibration_->items) {
            if (item.steps.empty()) continue;
            const ObservedStep& first = item.steps.front();
            if (gate_.signal != Signal::fitted) {
                if (first.score) taken_.scores.push_back(*first.score);
            } else if (!taken_.models.empty() && first.features.size() == feature_names().size()) {
                taken_.scores.push_back(taken_.models.front().probability(first.features));
            }
        }
    }

    const CalibrationRef& ref_;
    std::shared_ptr<const Calibration> calibration_;
    Gate& gate_;
    GateCalibration& taken_;
};

/// A number written as the upper threshold was compared with `accept` where that is a number, too; here it is known.
void check_escalate_by_hand(const CalibrationRef& ref, const Gate& gate) {
    if (!gate.escalate || gate.accept.empty() || !std::isfinite(gate.accept.front())) return;
    if (!at_least_as_sure(gate.signal, *gate.escalate, gate.accept.front())) return;
    const bool low = direction(gate.signal) == Direction::lower_is_surer;
    ref.where.error(fmt::format("escalate must be {} accept ({}), found {}", low ? "above" : "below",
                                gate.accept.front(), *gate.escalate));
}

}  // namespace

void bind_calibrations(WrittenGate& written, const AgentRung& rung, const RungPlace& place, Loading& loading) {
    Gate& gate = written.gate;
    if (!written.accept && !written.escalate) return;
    const int steps = rung.refine ? rung.refine->max_steps : 1;
    if (loading.calibrations == Calibrations::ignored) {
        if (written.accept) gate.accept.assign(static_cast<std::size_t>(steps), accepts_nothing(gate.signal));
        return;
    }
    const auto agent = loading.workflow.agents.find(rung.agent);
    if (agent == loading.workflow.agents.end()) return;
    const auto model = loading.workflow.models.find(agent->second.model);
    if (model == loading.workflow.models.end()) return;
    CalibrationKey now = calibration_key(agent->second, model->second, gate, place.question,
                                         rung.refine ? rung.refine->prompt : default_refine_prompt);
    // Calibrated agents are asked afresh: who is told of an earlier answer is asked something else.
    if (!place.first && rung.handover != Handover::fresh)
        now.settings["handover"] = rung.handover == Handover::answer ? "\"answer\"" : "\"transcript\"";
    auto taken = std::make_shared<GateCalibration>();
    const auto bind = [&](const std::optional<CalibrationRef>& ref) -> std::optional<Binding> {
        if (!ref) return std::nullopt;
        auto calibration = read_calibration(*ref, loading);
        if (!calibration) return std::nullopt;
        Binding binding(*ref, std::move(calibration), gate, *taken);
        if (!binding.check_conditions(now)) return std::nullopt;
        binding.check_requests(loading.workflow.allowed);
        binding.take_origin();
        return binding;
    };
    if (auto binding = bind(written.accept)) binding->take_accept(steps);
    if (written.accept && !written.escalate) check_escalate_by_hand(*written.accept, gate);
    const bool same_file =
        written.accept && written.escalate && file_name(*written.accept) == file_name(*written.escalate);
    if (auto binding = bind(written.escalate)) binding->take_escalate(same_file);
    gate.calibration = std::move(taken);
}

std::shared_ptr<const IsotonicFit> bind_vote_calibration(const CalibrationRef& ref, const std::string& agent,
                                                         const std::string& question, Loading& loading) {
    const auto role = loading.workflow.agents.find(agent);
    if (loading.calibrations == Calibrations::ignored || role == loading.workflow.agents.end()) return nullptr;
    const auto model = loading.workflow.models.find(role->second.model);
    const auto calibration = read_calibration(ref, loading);
    if (!calibration || model == loading.workflow.models.end()) return nullptr;
    Gate gate;  // votes are weighed by entropy.mean over the usual candidates
    GateCalibration taken;
    if (!Binding(ref, calibration, gate, taken)
             .check_conditions(calibration_key(role->second, model->second, gate, question, default_refine_prompt)))
        return nullptr;
    const StepCalibration* first = calibration->step(1);
    if (first == nullptr || first->verdict == CalibrationVerdict::refused) {
        ref.where.error(
            fmt::format("the calibration was refused: {}",
                        first == nullptr ? "it has no step 1" : fmt::format("{}", fmt::join(first->reasons, "; "))));
        return nullptr;
    }
    std::vector<LabelledScore> scores;
    for (const ObservedChain& item : calibration->items)
        if (!item.steps.empty() && item.steps.front().score)
            scores.push_back({*item.steps.front().score, item.steps.front().correct});
    if (!scores.empty()) return std::make_shared<const IsotonicFit>(scores);
    ref.where.error("the calibration holds no items to fit P(correct) to; calibrate anew");
    return nullptr;
}

}  // namespace enough
