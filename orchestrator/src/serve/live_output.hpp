#pragma once

#include <enough/orchestrator/event.hpp>
#include <enough/workflows/workflow.hpp>

#include <cstddef>
#include <optional>
#include <string>

namespace enough {

/// The calls whose text is the workflow's output as it is being written: those of an ungated last rung, where the
/// output is that step's text and nothing else.
struct LiveOutput {
    std::string step;
    std::size_t rung = 0;

    bool is_of(const CallRequested& call) const {
        return call.step == step && call.rung == rung && call.purpose == CallPurpose::answer && !call.member;
    }
};

/// Absent: what will be the output is known only when the run has ended.
std::optional<LiveOutput> live_output(const Workflow& workflow);

}  // namespace enough
