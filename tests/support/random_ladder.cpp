#include "support/random_ladder.hpp"

#include <fmt/format.h>

#include <random>

namespace enough::test {
namespace {

class LadderWriter {
public:
    explicit LadderWriter(std::uint64_t seed) : random_(seed) {}

    std::string write() {
        const int rungs = between(1, 3);
        text_ = "version: 1\nname: ladder\ninputs: {q: {type: string, default: what}}\nmodels:\n";
        for (int i = 0; i < rungs; ++i)
            model(i);
        text_ += "agents:\n";
        for (int i = 0; i < rungs; ++i)
            text_ += fmt::format("  a{0}: {{model: m{0}, max_tokens: 60, answer: {{extract: number}}}}\n", i);
        static const char* const exhausted[] = {"best", "last", "fail"};
        text_ +=
            fmt::format("steps:\n  - id: s\n    prompt: \"{{{{ inputs.q }}}}\"\n    on_exhausted: {}\n    ladder:\n",
                        exhausted[between(0, 2)]);
        for (int i = 0; i < rungs; ++i)
            rung(i);
        return text_;
    }

private:
    int between(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }
    bool chance(int percent) { return between(1, 100) <= percent; }

    void model(int i) {
        text_ += fmt::format("  m{}:\n    provider: scripted\n    answers:\n", i);
        for (int n = 0; n < 6; ++n)
            answer(false);
        answer(true);
    }

    void answer(bool last) {
        if (!last && chance(10)) {
            text_ += "      - {text: x, error: bad_request}\n";
            return;
        }
        std::string more;
        if (chance(85)) more += fmt::format(", entropy: {:.2f}", between(1, 300) / 100.0);
        if (chance(15)) more += ", finish_reason: length";
        if (last) more += ", repeat: true";
        text_ += fmt::format("      - {{text: \"{} {}\"{}}}\n", chance(85) ? "the answer is" : "no idea, but not",
                             between(0, 9), more);
    }

    std::string thresholds(int count) {
        std::string list;
        for (int i = 0; i < count; ++i)
            list += fmt::format("{}{:.2f}", i == 0 ? "" : ", ", between(10, 150) / 100.0);
        return list;
    }

    void rung(int i) {
        static const char* const missing[] = {"refine", "escalate"};
        static const char* const handover[] = {"fresh", "answer", "transcript"};
        const bool gated = chance(85) || i == 0;
        const int steps = chance(60) ? between(2, 4) : 1;
        const bool each = gated && chance(50);
        std::string more;
        if (gated)
            more += fmt::format(", gate: {{signal: entropy.mean, accept: [{}], missing: {}, stop_early: {}}}",
                                thresholds(each ? steps : 1), missing[between(0, 1)], chance(30) ? "provable" : "off");
        if (steps > 1)
            more += fmt::format(", refine: {{max_steps: {}, prompt: Review it., until: {}}}", steps,
                                each ? "accept" : "all");
        if (i > 0) more += fmt::format(", handover: {}", handover[between(0, 2)]);
        text_ += fmt::format("      - {{agent: a{}{}}}\n", i, more);
    }

    std::mt19937_64 random_;
    std::string text_;
};

}  // namespace

std::string random_ladder(std::uint64_t seed) {
    return LadderWriter(seed).write();
}

}  // namespace enough::test
