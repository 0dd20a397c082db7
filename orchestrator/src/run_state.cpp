#include <enough/orchestrator/run_state.hpp>

#include <utility>

namespace enough {

RunState::RunState(std::shared_ptr<const Workflow> checked, std::string id)
    : workflow(std::move(checked)), run_id(std::move(id)), purses(workflow->limits) {
    Frame& frame = frames.emplace_back();
    frame.workflow = workflow;
    frame.definitions = &workflow->steps;
    frame.steps.resize(workflow->steps.size());
}

std::string RunState::path(Place place) const {
    const Frame& frame = frames.at(place.frame);
    const std::string& id = frame.definitions->at(place.step).id;
    if (frame.in_place) return frame.path;
    return frame.path.empty() ? id : frame.path + "." + id;
}

}  // namespace enough
