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
            {"earlier_usage", usage_json(counts.earlier)},
            {"wasted_usage", usage_json(counts.wasted)}};
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
    if (counts.wasted.calls > 0)
        text += fmt::format("\nspent in vain by workers that had lost their items: {} call(s), {:.6g} USD",
                            counts.wasted.calls, counts.wasted.usd);
    if (counts.set_aside > 0)
        text += fmt::format("\n{} {} that can't be run: {}", terminal.paint(Colour::yellow, "set aside:"),
                            counts.set_aside == 1 ? "a line" : fmt::format("{} lines", counts.set_aside),
                            files.set_aside().string());
    return text;
}

namespace {

std::string share_in_words(const nlohmann::ordered_json& share) {
    return fmt::format("{:.1f} % ({} of {})", 100 * share["value"].get<double>(), share["right"].get<std::int64_t>(),
                       share["n"].get<std::int64_t>());
}

std::string accuracy_in_words(const nlohmann::ordered_json& accuracy) {
    const auto& difference = accuracy["difference"];
    std::string text = fmt::format("right after the first call {}, in the end {}: {:+.1f} points",
                                   share_in_words(accuracy["first_call"]), share_in_words(accuracy["end"]),
                                   100 * difference["value"].get<double>());
    if (!difference["low"].is_null())
        text += fmt::format(" (95 % {:+.1f} to {:+.1f})", 100 * difference["low"].get<double>(),
                            100 * difference["high"].get<double>());
    return text + fmt::format("; {} became right, {} wrong", accuracy["wrong_right"].get<std::int64_t>(),
                              accuracy["right_wrong"].get<std::int64_t>());
}

std::string evenly_in_words(const nlohmann::ordered_json& evenly) {
    const auto& accuracy = evenly["accuracy"];
    const auto& difference = accuracy["difference"];
    std::string text = fmt::format(
        "against spending evenly, on {} item(s): {:.1f} % right with {:.2f} calls and {:.0f} output tokens, evenly "
        "{:.1f} % with {:.2f} and {:.0f}: {:+.1f} points",
        evenly["items"].get<std::int64_t>(), 100 * accuracy["budget"].get<double>(),
        evenly["calls"]["budget"].get<double>(), evenly["output_tokens"]["budget"].get<double>(),
        100 * accuracy["evenly"].get<double>(), evenly["calls"]["evenly"].get<double>(),
        evenly["output_tokens"]["evenly"].get<double>(), 100 * difference["value"].get<double>());
    if (!difference["low"].is_null())
        text += fmt::format(" (95 % {:+.1f} to {:+.1f})", 100 * difference["low"].get<double>(),
                            100 * difference["high"].get<double>());
    return text;
}

}  // namespace

std::string call_budget_in_words(const nlohmann::ordered_json& budget) {
    std::string text = fmt::format(
        "budget of {:.6g} calls per item: {} of {} made, {} item(s) accepted on the first; {:.6g} saved by items that "
        "took fewer, {:.6g} moved to items that took more",
        budget["calls_per_item"].get<double>(), budget["calls_made"].get<std::int64_t>(),
        budget["calls_allowed"].get<std::int64_t>(), budget["accepted_on_first_call"].get<std::int64_t>(),
        budget["calls_saved"].get<double>(), budget["calls_moved"].get<double>());
    std::string list;
    for (const auto& count : budget["items_by_calls"])
        list += fmt::format("{}{} item(s) with {}", list.empty() ? "" : ", ", count["items"].get<std::int64_t>(),
                            count["calls"].get<int>());
    if (!list.empty()) text += "\ncalls: " + list;
    if (!budget["accuracy"].is_null()) text += "\n" + accuracy_in_words(budget["accuracy"]);
    if (budget.contains("evenly") && !budget["evenly"].is_null()) text += "\n" + evenly_in_words(budget["evenly"]);
    return text;
}

}  // namespace enough::cli
