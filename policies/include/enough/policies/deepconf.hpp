#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace enough {

/// DeepConf online (arXiv 2508.15260): the first traces of a panel run to their end and set a bar; later ones are cut
/// as soon as the mean confidence of a full window falls below it (`GroupConfidenceStop`, early_stop.hpp). Votes weigh
/// a trace's lowest group confidence.
struct DeepConf {
    int warmup = 16;            ///< traces that run to their end
    double keep = 0.9;          ///< share of the warm-up traces whose lowest group confidence is at least the bar
    std::size_t window = 2048;  ///< tokens of a group; also `SignalSettings::window` of the traces
};

/// The bar: the (1 - keep) quantile of the warm-up traces' lowest group confidences, linear between order statistics
/// as the reference code has it. Numbers that are not finite are left out; absent without any. Throws
/// `std::invalid_argument` for a share to keep outside [0, 1].
std::optional<double> deepconf_bar(const DeepConf& settings, std::vector<double> lowest_groups);

/// Does a finished trace vote? As in the reference code, warm-up traces and those shorter than a window must reach the
/// bar, too. Without a bar all vote that have a confidence; a trace without evidence never does.
bool deepconf_votes(std::optional<double> lowest_group, std::optional<double> bar);

}  // namespace enough
