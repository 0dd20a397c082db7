#pragma once

#include <enough/orchestrator/evaluation.hpp>
#include <enough/policies/bootstrap.hpp>
#include <enough/policies/drift.hpp>
#include <enough/policies/risk_control.hpp>

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>

namespace enough {

struct ReportSettings {
    BootstrapSettings bootstrap;
    RiskTarget target;    ///< of the risk-controlled methods in the comparison
    std::string data;     ///< the data file's name, as given
    std::string created;  ///< RFC 3339; empty for none
    std::size_t folds = 5;
};

/// `report.json`: docs/evaluation.md has its fields. Pure: the same evaluation and settings give the same bytes. There
/// must be at least one item (`std::invalid_argument`).
nlohmann::ordered_json evaluation_report(const Evaluation& evaluation, const ReportSettings& settings);

/// The signal at step 1 now against the calibration of the gate; absent if the gate has none.
std::optional<Drift> drift_of(const Evaluation& evaluation);

}  // namespace enough
