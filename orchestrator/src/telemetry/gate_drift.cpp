#include "telemetry/gate_drift.hpp"

#include <enough/policies/signal.hpp>

#include <variant>

namespace enough {
namespace {

using Gates = std::map<GatePlace, const Gate*>;

void add_gates(const std::vector<Step>& steps, const std::string& path, bool in_place, Gates& gates);

/// A single step of its parent's name stands in its place, and its path is the parent's.
void add_inner(const Step& parent, const std::vector<Step>& steps, const std::string& path, Gates& gates) {
    add_gates(steps, path, steps.size() == 1 && steps.front().id == parent.id, gates);
}

void add_gates(const std::vector<Step>& steps, const std::string& path, bool in_place, Gates& gates) {
    for (const Step& step : steps) {
        const std::string here = in_place ? path : (path.empty() ? step.id : path + "." + step.id);
        if (const auto* ladder = std::get_if<Ladder>(&step.body)) {
            for (std::size_t rung = 0; rung < ladder->rungs.size(); ++rung)
                if (const auto* agent = std::get_if<AgentRung>(&ladder->rungs[rung]))
                    if (agent->gate && agent->gate->calibration && !agent->gate->accept.empty())
                        gates.emplace(GatePlace{here, rung}, &*agent->gate);
        } else if (const auto* each = std::get_if<ForEach>(&step.body)) {
            add_inner(step, each->steps, here, gates);
        } else if (const auto* loop = std::get_if<Loop>(&step.body)) {
            add_inner(step, loop->steps, here, gates);
        } else if (const auto* choice = std::get_if<Switch>(&step.body)) {
            for (const Switch::Case& one : choice->cases)
                add_inner(step, one.steps, here, gates);
        } else if (const auto* sub = std::get_if<SubWorkflow>(&step.body)) {
            add_gates(sub->workflow->steps, here, false, gates);
        }
    }
}

}  // namespace

std::string path_without_indices(const std::string& path) {
    std::string plain;
    bool inside = false;
    for (const char c : path) {
        if (c == '[') inside = true;
        if (!inside) plain += c;
        if (c == ']') inside = false;
    }
    return plain;
}

std::map<GatePlace, const Gate*> calibrated_gates(const Workflow& workflow) {
    Gates gates;
    add_gates(workflow.steps, "", false, gates);
    return gates;
}

GateDrift::GateDrift(const Gate& gate)
    : signal_(gate.signal), threshold_(unsureness(gate.signal, gate.accept.front())), calibration_(gate.calibration) {
    for (const double score : calibration_->scores)
        then_.push_back(unsureness(signal_, score));
}

void GateDrift::add(double value) {
    now_.push_back(unsureness(signal_, value));
    if (now_.size() > window) now_.pop_front();
}

std::optional<Drift> GateDrift::drift() const {
    if (now_.size() < fewest) return std::nullopt;
    const std::vector<double> now(now_.begin(), now_.end());
    return enough::drift(now, then_, threshold_);
}

bool GateDrift::is_of(const Gate& gate) const {
    return gate.signal == signal_ && unsureness(gate.signal, gate.accept.front()) == threshold_ &&
           (gate.calibration == calibration_ || gate.calibration->scores == calibration_->scores);
}

}  // namespace enough
