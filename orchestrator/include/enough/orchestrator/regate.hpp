#pragma once

#include <enough/agents/cassette.hpp>
#include <enough/async/task.hpp>
#include <enough/orchestrator/event.hpp>
#include <enough/orchestrator/labelled_data.hpp>
#include <enough/policies/gate.hpp>
#include <enough/workflows/workflow.hpp>

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace enough {

/// What is to be different about an agent's gate. What is absent stays as it was recorded, as far as the recording
/// shows it: a log has the gate's verdicts, not the gate.
struct GateChange {
    std::string agent;  ///< empty: the agent of the first gated call
    std::optional<Signal> signal;
    std::vector<double> accept;  ///< of step 1, 2, …; at least one
    std::optional<double> escalate;
    std::optional<OnMissing> missing;
    std::optional<int> top_k;  ///< of cassettes only: events hold no candidates
    std::shared_ptr<const GateCalibration> calibration;
};

/// How a gated chain ended, or would have.
struct RegateSide {
    Verdict verdict = Verdict::escalate;  ///< of its last call: `accept`, or what came instead
    std::string reason;
    int chain_step = 1;  ///< of that call
    std::optional<std::string> answer;
    std::int64_t input_tokens = 0;  ///< of the whole run
    std::int64_t output_tokens = 0;
    std::optional<double> usd;  ///< of the whole run, where prices are known
    std::optional<bool> right;  ///< where there is a label
};

/// One gated chain of one run, before and after the change.
struct RegatedRun {
    std::string run;  ///< the run's id, or the item's as JSON text
    std::string step;
    std::string agent;
    RegateSide before;
    std::optional<RegateSide> after;  ///< absent: it can't be known without asking a model
    std::string unknown;              ///< why: `would ask for step 2, which was never made`
};

/// What is known besides a log: prices, and what is right.
struct RegateLabels {
    std::shared_ptr<const Workflow> workflow;  ///< null: no prices
    std::function<std::optional<bool>(const nlohmann::json& inputs, const std::optional<std::string>& answer)> grade;
};

/// Judges the recorded calls of an event log (of any number of runs) by a changed gate. Nothing is simulated: a call
/// that the changed gate would make and the log does not have leaves its run unknown. Pure.
std::vector<RegatedRun> regate_events(const std::vector<Event>& events, const GateChange& change,
                                      const RegateLabels& labels);

/// The same for a cassette: runs the workflow on each item twice from the tape, as it is and with the changed gate.
/// Items whose own run is not on the tape are left out.
Task<std::vector<RegatedRun>> regate_cassette(std::shared_ptr<const Workflow> workflow,
                                              std::shared_ptr<const Tape> tape, std::vector<DataItem> items,
                                              GateChange change, std::optional<Grader> grader);

/// `{"summary": …, "runs": […]}`: what would have changed.
nlohmann::ordered_json regate_report(const std::vector<RegatedRun>& runs, const GateChange& change);

}  // namespace enough
