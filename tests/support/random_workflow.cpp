#include "support/random_workflow.hpp"

#include <fmt/format.h>

#include <iterator>
#include <optional>
#include <random>
#include <vector>

namespace enough::test {
namespace {

class Writer {
public:
    Writer(std::uint64_t seed, std::optional<int> tokens) : random_(seed), tokens_(tokens) {}

    std::string write() {
        line("version: 1\nname: random\ninputs: {{q: {{type: string, default: what}}}}\nmodels:");
        for (int i = 0; i < models_; ++i)
            model(i);
        line("agents:");
        for (int i = 0; i < models_; ++i)
            line("  a{}: {{model: m{}, max_tokens: {}, answer: {{extract: {}}}{}}}", i, i, between(5, 80),
                 chance(50) ? "number" : "text", chance(30) ? ", system: Be brief." : "");
        line("gates:");
        for (int i = 0; i < 3; ++i)
            gate(i);
        line("  agreed: {{signal: {}, accept: {}, missing: escalate}}", chance(50) ? "agreement" : "agreement.share",
             between(3, 9) / 10.0);
        limits();
        line("steps:");
        const int steps = between(1, 5);
        for (int i = 0; i < steps; ++i)
            step(i);
        return text_;
    }

private:
    template <class... Args>
    void line(fmt::format_string<Args...> format, Args&&... args) {
        fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
        text_ += '\n';
    }

    int between(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }
    bool chance(int percent) { return between(1, 100) <= percent; }

    void model(int i) {
        line("  m{}:\n    provider: scripted\n    price: {{input: {}, output: {}}}", i, between(0, 20) * 100,
             between(0, 20) * 100);
        if (chance(40)) line("    retry: {{attempts: 3, delay: 1ms}}");
        if (chance(20)) line("    hedge: {{after: 1ms}}");
        line("    answers:");
        const int answers = between(1, 8);
        for (int n = 0; n < answers; ++n)
            answer();
    }

    void answer() {
        if (chance(10)) return line("      - {{text: x, error: {}}}", chance(50) ? "connect" : "bad_request");
        const std::string text = chance(80) ? fmt::format("the answer is {}", between(0, 9)) : "no idea";
        std::string more;
        if (chance(80)) more += fmt::format(", entropy: {:.2f}", between(1, 300) / 100.0);
        if (chance(30)) more += fmt::format(", tokens: {}", between(4, 40));
        if (chance(10)) more += ", finish_reason: length";
        if (chance(30)) more += ", repeat: true";
        if (chance(20)) more += fmt::format(", delay: {}ms", between(1, 3));
        line("      - {{text: \"{}\"{}}}", text, more);
    }

    void gate(int i) {
        static const char* const missing[] = {"refine", "escalate", "fail"};
        const double accept = between(20, 200) / 100.0;
        line("  g{}: {{signal: {}, accept: {:.2f}{}, missing: {}, stop_early: {}}}", i,
             chance(70) ? "entropy.mean" : "entropy.max", accept,
             chance(40) ? fmt::format(", escalate: {:.2f}", accept + 0.5) : "", missing[between(0, 2)],
             chance(40) ? "provable" : "off");
    }

    void limits() {
        if (tokens_) return line("limits: {{tokens: {}}}", *tokens_);
        std::vector<std::string> some;
        if (chance(50)) some.push_back(fmt::format("calls: {}", between(1, 12)));
        if (chance(40)) some.push_back(fmt::format("tokens: {}", between(80, 1500)));
        if (chance(30)) some.push_back(fmt::format("usd: {}", between(1, 50) / 100.0));
        if (!some.empty()) line("limits: {{{}}}", fmt::join(some, ", "));
    }

    void step(int i) {
        line("  - id: s{}", i);
        if (i > 0 && chance(60)) needs(i);
        if (i > 0 && chance(30)) line("    when: steps.s{}.status != 'failed'", between(0, i - 1));
        if (chance(15)) line("    limits: {{tokens: {}}}", between(80, 600));
        if (chance(20)) line("    retry: {{attempts: 2, delay: 1ms}}");
        if (chance(15)) line("    timeout: {}ms", between(1, 20));
        if (chance(25))
            line("    on_error: continue");
        else if (chance(15))
            line("    on_error: fallback\n    fallback: \"none {{{{ inputs.q }}}}\"");
        const bool refers = i > 0 && chance(40);
        const std::string earlier = refers ? fmt::format("{{{{ steps.s{}.answer }}}}", between(0, i - 1)) : "";
        switch (between(0, 5)) {
            case 0:
                line("    for_each: [a, b, c, d, e]\n    max_parallel: {}", between(1, 4));
                return ladder("    ", "{{ item }} {{ index }} " + earlier);
            case 1:
                line("    loop: {{until: steps.s{}.answer == {}, max: {}}}", i, between(0, 9), between(1, 4));
                return ladder("    ", "{{ iteration }} {{ previous.answer }} " + earlier);
            case 2:
                line("    switch:\n      - when: inputs.q == \"{}\"", chance(50) ? "what" : "that");
                ladder("        ", "so far: " + earlier);
                line("      - prompt: otherwise\n        agent: a0");
                return;
            default:
                return ladder("    ", "{{ inputs.q }} " + earlier);
        }
    }

    void ladder(const std::string& indent, const std::string& prompt) {
        static const char* const exhausted[] = {"best", "last", "fail"};
        line("{}on_exhausted: {}", indent, exhausted[between(0, 2)]);
        line("{}prompt: \"{}\"", indent, prompt);
        line("{}ladder:", indent);
        const int rungs = between(1, 3);
        for (int r = 0; r < rungs; ++r)
            chance(35) ? panel(indent) : rung(indent, r == rungs - 1);
    }

    void panel(const std::string& indent) {
        static const char* const plain[] = {"majority", "weighted_vote", "borda", "best"};
        std::string agents;
        const int members = between(1, 4);
        for (int m = 0; m < members; ++m)
            agents += fmt::format("{}a{}", m == 0 ? "" : ", ", between(0, models_ - 1));
        std::string more;
        switch (between(0, 5)) {
            case 0:
                more = fmt::format("aggregate: judge, judge: a{}", between(0, models_ - 1));
                break;
            case 1:
                more = fmt::format("aggregate: fuse, fuse: a{}", between(0, models_ - 1));
                break;
            case 2:
                more = fmt::format("aggregate: debate, rounds: {}", between(2, 3));
                break;
            default:
                more = fmt::format("aggregate: {}", plain[between(0, 3)]);
        }
        if (chance(30)) more += fmt::format(", samples: {}", between(2, 3));
        if (chance(30)) more += fmt::format(", max_parallel: {}", between(1, 3));
        if (chance(30)) more += ", stop: {agreement: 0.8}";
        line("{}  - {{panel: {{agents: [{}], {}}}{}}}", indent, agents, more, chance(40) ? ", gate: agreed" : "");
    }

    void needs(int i) {
        std::string list;
        for (int n = 0; n < i; ++n)
            if (chance(40)) list += fmt::format("{}s{}", list.empty() ? "" : ", ", n);
        line("    needs: [{}]", list);
    }

    void rung(const std::string& indent, bool last) {
        static const char* const handover[] = {"fresh", "answer", "transcript"};
        std::string more;
        if (!last || chance(50)) more += fmt::format(", gate: g{}", between(0, 2));
        if (chance(50)) more += fmt::format(", refine: {{max_steps: {}}}", between(2, 4));
        line("{}  - {{agent: a{}{}, handover: {}}}", indent, between(0, models_ - 1), more, handover[between(0, 2)]);
    }

    std::mt19937_64 random_;
    std::optional<int> tokens_;
    std::string text_;
    int models_ = 3;
};

}  // namespace

std::string random_workflow(std::uint64_t seed, std::optional<int> tokens) {
    return Writer(seed, tokens).write();
}

}  // namespace enough::test
