#include "batch_summary.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace enough::cli {
namespace {

nlohmann::ordered_json usage_json(const RunTotals& totals) {
    return {{"calls", totals.calls},
            {"input_tokens", totals.input_tokens},
            {"cached_input_tokens", totals.cached_input_tokens},
            {"output_tokens", totals.output_tokens},
            {"usd", totals.usd}};
}

std::string more(std::int64_t count, std::string_view what) {
    return count > 0 ? fmt::format(", {} {}", count, what) : "";
}

}  // namespace

nlohmann::ordered_json batch_json(const BatchFiles& files, const BatchCounts& counts, bool complete) {
    return {{"output", files.output.string()},
            {"complete", complete},
            {"items", counts.items},
            {"ended", counts.ended()},
            {"accepted", counts.accepted},
            {"unresolved", counts.unresolved},
            {"failed", counts.failed},
            {"over_budget", counts.over_budget},
            {"set_aside", counts.set_aside},
            {"usage", usage_json(counts.used)},
            {"earlier_usage", usage_json(counts.earlier)}};
}

std::string batch_in_words(const Terminal& terminal, const BatchFiles& files, const BatchCounts& counts) {
    const double share =
        counts.ended() == 0 ? 0 : 100.0 * static_cast<double>(counts.accepted) / static_cast<double>(counts.ended());
    std::string text = fmt::format(
        "{} of {} item(s) ended: {} accepted ({:.1f} %){}{}{}; {} call(s), {} input tokens ({} cached), {} output "
        "tokens, {:.6g} USD",
        counts.ended(), counts.items, terminal.paint(Colour::green, std::to_string(counts.accepted)), share,
        more(counts.unresolved, "unresolved"), more(counts.over_budget, "over budget"), more(counts.failed, "failed"),
        counts.used.calls, counts.used.input_tokens, counts.used.cached_input_tokens, counts.used.output_tokens,
        counts.used.usd);
    if (counts.earlier.calls > 0)
        text += fmt::format("\nearlier tries of items that failed: {} call(s), {:.6g} USD", counts.earlier.calls,
                            counts.earlier.usd);
    if (counts.set_aside > 0)
        text += fmt::format("\n{} {} that can't be run: {}", terminal.paint(Colour::yellow, "set aside:"),
                            counts.set_aside == 1 ? "a line" : fmt::format("{} lines", counts.set_aside),
                            files.set_aside().string());
    return text;
}

}  // namespace enough::cli
