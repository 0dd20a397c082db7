#pragma once

#include <enough/hash/sha256.hpp>
#include <enough/policies/calibration.hpp>
#include <enough/workflows/workflow.hpp>

#include <string>

namespace enough {

/// What a calibration of this agent under this gate holds for: its model, sampling, prompts and the gate's signal.
/// `question` is the step's prompt as it is written, `refine_prompt` what each later step of the chain is asked.
/// `served_model` and `fingerprint` stay empty: only an answer tells them.
CalibrationKey calibration_key(const AgentRole& agent, const Model& model, const Gate& gate,
                               const std::string& question, const std::string& refine_prompt);

/// The refinement prompt of rungs that give none.
extern const char* const default_refine_prompt;

}  // namespace enough
