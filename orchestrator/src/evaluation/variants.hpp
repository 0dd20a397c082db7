#pragma once

#include <enough/workflows/workflow.hpp>

#include <cstddef>
#include <memory>
#include <string>

namespace enough {

/// The place in a workflow that is calibrated or evaluated: a rung of a step's ladder.
struct Subject {
    std::size_t step = 0;
    std::size_t rung = 0;
    int chain_length = 1;
};

/// The first rung of that agent, in file order, in the step `step_id` (empty: any). Throws `std::invalid_argument` in
/// words for an agent or step that the workflow does not have, or does not use. `steps`: the chain's length; absent =
/// the rung's `max_steps`, or `without_refine`.
Subject find_agent(const Workflow& workflow, const std::string& agent, const std::string& step_id,
                   std::optional<int> steps, int without_refine);

/// The first rung of the first ladder (or of step `step_id`) that has a gate.
Subject find_gate(const Workflow& workflow, const std::string& step_id, std::optional<int> steps);

const Ladder& ladder_of(const Workflow& workflow, const Subject& subject);
const AgentRung& rung_of(const Workflow& workflow, const Subject& subject);

// What other workflows would a subject's question be answered by? All are without limits, and never stop a call early:
// they are yardsticks, and share their calls with the workflow through a tape.

/// The agent's whole chain, to be observed: its gate measures and accepts nothing, no other rung follows.
std::shared_ptr<const Workflow> whole_chain(const Workflow& workflow, const Subject& subject);
/// Its first answer, or that after so many steps, accepted without a gate, so that later steps go on as after any
/// accepted answer.
std::shared_ptr<const Workflow> always_steps(const Workflow& workflow, const Subject& subject, int steps);
/// Everything that the workflow does when the subject's gate accepts nothing.
std::shared_ptr<const Workflow> full_path(const Workflow& workflow, const Subject& subject);
/// The ladder's last rung alone, ungated and fresh.
std::shared_ptr<const Workflow> last_rung(const Workflow& workflow, const Subject& subject);

/// The same workflow up to the subject's step, giving that step's answer.
std::shared_ptr<const Workflow> up_to_subject(const Workflow& workflow, const Subject& subject);

}  // namespace enough
