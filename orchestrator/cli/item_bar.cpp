#include "item_bar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace enough::cli {
namespace {

constexpr std::size_t width = 24;

std::string bar(std::size_t finished, std::size_t of) {
    const std::size_t filled = of == 0 ? width : finished * width / of;
    return std::string(filled, '#') + std::string(width - filled, '.');
}

std::string duration(double seconds) {
    if (seconds < 90) return fmt::format("{:.0f} s", seconds);
    if (seconds < 5400) return fmt::format("{:.0f} min", seconds / 60);
    return fmt::format("{:.1f} h", seconds / 3600);
}

/// `, 83 % accepted, 12.5/s`
std::string accepted(const ItemProgress& progress, double per_second) {
    if (!progress.accepted || progress.done == 0) return "";
    const double share = static_cast<double>(*progress.accepted) / static_cast<double>(progress.done);
    return fmt::format(", {:.0f} % accepted, {:.3g}/s", 100 * share, per_second);
}

constexpr std::chrono::milliseconds between_looks{100};

}  // namespace

void ItemBar::show(const ItemProgress& progress) {
    const std::size_t finished = progress.done + progress.failed;
    if (!begun_) first_ = finished > 0 ? finished - 1 : 0;
    begun_ = true;
    const auto now = std::chrono::steady_clock::now();
    if (finished < progress.of && now - shown_ < between_looks) return;
    shown_ = now;
    const double seconds = std::chrono::duration<double>(now - began_).count();
    const auto here = static_cast<double>(finished - first_);
    const double left = here > 0 ? seconds / here * static_cast<double>(progress.of - finished) : 0;
    const std::string failed = progress.failed > 0 ? fmt::format(", {} failed", progress.failed) : "";
    const std::string line =
        fmt::format("  [{}] {}/{}{}  {} left, {} tokens, {:.4g} USD{}", bar(finished, progress.of), finished,
                    progress.of, failed, duration(left), progress.usage.input_tokens + progress.usage.output_tokens,
                    progress.usd, accepted(progress, here / std::max(seconds, 1e-9)));
    terminal_.rewrite(line);
    const std::size_t tenths = progress.of == 0 ? 10 : finished * 10 / progress.of;
    if (!terminal_.live() && tenths != shown_tenths_) terminal_.line(line);
    shown_tenths_ = tenths;
}

}  // namespace enough::cli
