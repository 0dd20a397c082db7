#include <enough/orchestrator/run_state.hpp>

#include <algorithm>
#include <utility>

namespace enough {

RunState::RunState(std::shared_ptr<const Workflow> checked, std::string id)
    : workflow(std::move(checked)), run_id(std::move(id)), budget(workflow->limits) {
    steps.resize(workflow->steps.size());
}

bool RunState::anything_in_flight() const {
    return std::any_of(calls.begin(), calls.end(), [](const CallRecord& call) { return call.in_flight; });
}

}  // namespace enough
