#include <enough/policies/deepconf.hpp>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace enough {

std::optional<double> deepconf_bar(const DeepConf& settings, std::vector<double> lowest_groups) {
    if (!(settings.keep >= 0 && settings.keep <= 1))
        throw std::invalid_argument("the share of traces to keep is not between 0 and 1");
    std::erase_if(lowest_groups, [](double value) { return !std::isfinite(value); });
    if (lowest_groups.empty()) return std::nullopt;
    std::ranges::sort(lowest_groups);
    // (n - 1)(1 - keep), so that 0.9 of 11 is the second smallest to the last bit.
    const auto last = static_cast<double>(lowest_groups.size() - 1);
    const double place = std::max(0.0, last - last * settings.keep);
    const auto lower = static_cast<std::size_t>(place);
    const std::size_t upper = std::min(lower + 1, lowest_groups.size() - 1);
    return std::lerp(lowest_groups[lower], lowest_groups[upper], place - static_cast<double>(lower));
}

bool deepconf_votes(std::optional<double> lowest_group, std::optional<double> bar) {
    if (!lowest_group || !std::isfinite(*lowest_group)) return false;
    return !bar || *lowest_group >= *bar;
}

}  // namespace enough
