#pragma once

#include <enough/policies/drift.hpp>
#include <enough/policies/gate.hpp>
#include <enough/workflows/workflow.hpp>

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace enough {

/// A step's path without its indices (`topics[3].draft` is `topics.draft`) and a rung of its ladder.
using GatePlace = std::pair<std::string, std::size_t>;

/// `topics[3].draft` → `topics.draft`
std::string path_without_indices(const std::string& path);

/// The calibrated gates of a workflow and of those inside it.
std::map<GatePlace, const Gate*> calibrated_gates(const Workflow& workflow);

/// Compares the latest scores of a gate's first step with those it was calibrated on (policies/drift.hpp).
class GateDrift {
public:
    static constexpr std::size_t window = 500;  ///< scores that count: the latest
    static constexpr std::size_t fewest = 30;   ///< below that nothing is said

    explicit GateDrift(const Gate& gate);

    /// A value of the gate's signal, in its own units.
    void add(double value);

    std::size_t scores() const { return now_.size(); }
    std::optional<Drift> drift() const;

    /// Is it of this gate? A workflow that is read again may have been calibrated anew.
    bool is_of(const Gate& gate) const;

private:
    Signal signal_;
    double threshold_;
    std::shared_ptr<const GateCalibration> calibration_;
    std::vector<double> then_;
    std::deque<double> now_;
};

}  // namespace enough
