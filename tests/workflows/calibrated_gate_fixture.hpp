#pragma once

#include "workflow_files.hpp"

#include <enough/policies/calibration_file.hpp>
#include <enough/workflows/load.hpp>

#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <limits>
#include <stdexcept>
#include <string>

namespace enough {

inline constexpr double infinity = std::numeric_limits<double>::infinity();

/// SHA-256 of `["Think.","{{ inputs.q }}","Again."]`, taken with sha256sum.
inline constexpr const char* prompts = "0a7c61d97aadfd5be63eaa8da562146129bfed4131dd28661a0638b0e49b3e9c";

/// A calibration of the workflow below, with three steps, as `enough calibrate` would write it.
inline nlohmann::json sound_calibration() {
    const auto threshold = [](double value) {
        return nlohmann::json{{"value", value}, {"low", value - 0.1}, {"high", value + 0.1}};
    };
    const auto step = [&](int number, double value) {
        return nlohmann::json{
            {"step", number},
            {"verdict", "usable"},
            {"reasons", {"AUROC 0.80"}},
            {"thresholds",
             {{"mean", threshold(value)},
              {"crc", {{"value", nullptr}, {"reason", "too few items"}}},
              {"bound", threshold(value / 2)}}},
            {"boundary", {{"mean", {{"delta", 0.02}, {"threshold", value}, {"above", {nullptr, 1.5 * number}}}}}}};
    };
    nlohmann::json file{{"version", 1},
                        {"model", "scripted"},
                        {"provider", "scripted"},
                        {"served_model", "scripted-1"},
                        {"fingerprint", "fp_1"},
                        {"signal", "entropy.mean"},
                        {"scope", "all"},
                        {"top_k", 20},
                        {"temperature", 0.5},
                        {"prompt_hash", prompts},
                        {"settings",
                         {{"max_tokens", "64"},
                          {"top_p", "null"},
                          {"stop", "[]"},
                          {"answer.extract", "\"number\""},
                          {"answer.argument", "\"\""},
                          {"min_coverage", "0.9"},
                          {"last", "2048"},
                          {"window", "2048"}}},
                        {"steps", {step(1, 0.8), step(2, 0.5), step(3, 0.3)}},
                        {"items",
                         {{{"id", 1}, {"steps", {{{"entropy", 0.7}, {"correct", true}}}}},
                          {{"id", 2}, {"steps", {{{"entropy", nullptr}, {"correct", true}}}}},
                          {{"id", 3}, {"steps", {{{"entropy", 1.2}, {"correct", false}}}}}}}};
    file["steps"][0]["thresholds"]["escalate"] = threshold(2.5);
    file["steps"][0]["boundary"]["escalate"] = {{"delta", 0.02}, {"threshold", 2.5}, {"above", {3.5}}};
    return file;
}

inline std::string listed(const LoadResult& result) {
    std::string text;
    for (const Problem& problem : result.problems)
        text += to_string(problem) + "\n";
    return text;
}

class CalibratedGate : public testing::Test {
protected:
    nlohmann::json calibration = sound_calibration();
    std::string gate = "{signal: entropy.mean, accept: {calibration: cal.json, method: mean}}";
    std::string serve;  ///< that section, if any
    std::string refine = "{max_steps: 3, prompt: \"Again.\"}";
    std::string agent = "{model: m, system: \"Think.\", temperature: 0.5, max_tokens: 64, answer: {extract: number}}";

    LoadResult load(Calibrations calibrations = Calibrations::required) const {
        std::ofstream(folder_.file("cal.json")) << calibration.dump();
        std::ofstream(folder_.file("flow.yaml"))
            << "version: 1\ninputs: {q: {type: string}}\n"
            << "models: {m: {provider: scripted, answers: [{text: a}]}}\n"
            << "agents: {a: " << agent << "}\ngates: {g: " << gate << "}\n"
            << serve << "steps:\n  - {id: s, agent: a, gate: g, prompt: \"{{ inputs.q }}\", refine: " << refine
            << "}\n";
        return load_workflow(folder_.file("flow.yaml"), test_environment(), calibrations);
    }

    /// A panel whose votes weigh by `vote`, a file or a map.
    LoadResult load_panel(const std::string& vote, Calibrations calibrations = Calibrations::required) const {
        std::ofstream(folder_.file("cal.json")) << calibration.dump();
        std::ofstream(folder_.file("flow.yaml"))
            << "version: 1\ninputs: {q: {type: string}}\n"
            << "models: {m: {provider: scripted, answers: [{text: a}]}}\n"
            << "agents: {a: " << agent << "}\nsteps:\n"
            << "  - {id: s, prompt: \"{{ inputs.q }}\", panel: {agent: a, samples: 3, aggregate: weighted_vote, "
            << "weight: calibrated, calibrations: {a: " << vote << "}}}\n";
        return load_workflow(folder_.file("flow.yaml"), test_environment(), calibrations);
    }

    AgentRung rung(Calibrations calibrations = Calibrations::required) const {
        const LoadResult result = load(calibrations);
        if (!result.workflow) throw std::runtime_error(listed(result));
        return std::get<AgentRung>(std::get<Ladder>(result.workflow->steps.front().body).rungs.front());
    }

    std::string problems() const { return listed(load()); }
    bool loads() const { return load().workflow != nullptr; }

    test::TemporaryFolder folder_;
};

}  // namespace enough
