#include <enough/orchestrator/regate.hpp>

#include <nlohmann/json.hpp>

namespace enough {
namespace {

using nlohmann::ordered_json;

template <class T>
ordered_json or_null(const std::optional<T>& value) {
    return value ? ordered_json(*value) : ordered_json(nullptr);
}

ordered_json json_of(const RegateSide& side) {
    return {{"verdict", name(side.verdict)},     {"reason", side.reason},
            {"chain_step", side.chain_step},     {"answer", or_null(side.answer)},
            {"input_tokens", side.input_tokens}, {"output_tokens", side.output_tokens},
            {"usd", or_null(side.usd)},          {"right", or_null(side.right)}};
}

/// Sums over the runs that are known on both sides.
class Totals {
public:
    void add(const RegateSide& side) {
        ++runs_;
        if (side.verdict == Verdict::accept) ++accepted_;
        input_tokens_ += side.input_tokens;
        output_tokens_ += side.output_tokens;
        if (side.usd) usd_ = usd_.value_or(0) + *side.usd;
        if (!side.right) return;
        ++labelled_;
        if (*side.right) ++right_;
    }

    ordered_json json() const {
        return {{"accepted", accepted_},
                {"input_tokens", input_tokens_},
                {"output_tokens", output_tokens_},
                {"usd", or_null(usd_)},
                {"right", labelled_ > 0 ? ordered_json(right_) : ordered_json(nullptr)},
                {"accuracy", labelled_ > 0 ? ordered_json(static_cast<double>(right_) / static_cast<double>(labelled_))
                                           : ordered_json(nullptr)}};
    }

private:
    std::size_t runs_ = 0;
    std::size_t accepted_ = 0;
    std::int64_t input_tokens_ = 0;
    std::int64_t output_tokens_ = 0;
    std::optional<double> usd_;
    std::size_t labelled_ = 0;
    std::size_t right_ = 0;
};

bool changes(const RegatedRun& run) {
    return !run.after || run.after->verdict != run.before.verdict || run.after->chain_step != run.before.chain_step;
}

}  // namespace

ordered_json regate_report(const std::vector<RegatedRun>& runs, const GateChange& change) {
    Totals before;
    Totals after;
    std::size_t unknown = 0;
    std::size_t changed = 0;
    ordered_json list = ordered_json::array();
    for (const RegatedRun& run : runs) {
        if (changes(run)) ++changed;
        list.push_back({{"run", run.run},
                        {"step", run.step},
                        {"agent", run.agent},
                        {"before", json_of(run.before)},
                        {"after", run.after ? json_of(*run.after) : ordered_json(nullptr)},
                        {"unknown", run.unknown.empty() ? ordered_json(nullptr) : ordered_json(run.unknown)}});
        if (!run.after) {
            ++unknown;
            continue;
        }
        before.add(run.before);
        after.add(*run.after);
    }
    return {{"accept", change.accept},
            {"escalate", or_null(change.escalate)},
            {"summary",
             {{"runs", runs.size()},
              {"changed", changed},
              {"unknown", unknown},
              {"known_before", before.json()},
              {"known_after", after.json()}}},
            {"runs", std::move(list)}};
}

}  // namespace enough
