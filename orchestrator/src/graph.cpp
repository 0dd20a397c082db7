#include <enough/orchestrator/graph.hpp>

#include <fmt/format.h>

#include <iterator>

namespace enough {
namespace {

/// Text inside a Mermaid label: quotes and angle brackets as entities, so that nothing ends the label or becomes
/// markup.
std::string label(std::string_view text) {
    std::string safe;
    for (const char c : text) {
        switch (c) {
            case '"':
                safe += "#quot;";
                break;
            case '<':
                safe += "#lt;";
                break;
            case '>':
                safe += "#gt;";
                break;
            case '#':
                safe += "#35;";
                break;
            case '\n':
                safe += ' ';
                break;
            default:
                safe += c;
        }
    }
    return safe;
}

class Chart {
public:
    explicit Chart(const Workflow& workflow) : workflow_(workflow) {}

    std::string draw() {
        line("flowchart TD");
        line("    start([{}])", label(workflow_.name));
        for (std::size_t i = 0; i < workflow_.steps.size(); ++i)
            draw_step(i);
        for (std::size_t i = 0; i < workflow_.steps.size(); ++i)
            draw_needs(i);
        line("    output([output])");
        for (std::size_t i = 0; i < workflow_.steps.size(); ++i)
            if (leads_nowhere(i)) line("    s{} --> output", i);
        return text_;
    }

private:
    template <class... Args>
    void line(fmt::format_string<Args...> format, Args&&... args) {
        fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
        text_ += '\n';
    }

    void draw_step(std::size_t i) {
        const Step& step = workflow_.steps[i];
        const Ladder& ladder = std::get<Ladder>(step.body);
        line("    subgraph s{}[\"{}\"]", i, label(step.id));
        for (std::size_t r = 0; r < ladder.rungs.size(); ++r) {
            const AgentRung& rung = std::get<AgentRung>(ladder.rungs[r]);
            line("        s{}r{}[\"{}\"]", i, r, label(describe(rung)));
            if (rung.refine) line("        s{}r{} -- refine, {} steps --> s{}r{}", i, r, rung.refine->max_steps, i, r);
            if (r > 0) line("        s{}r{} -- escalate --> s{}r{}", i, r - 1, i, r);
        }
        line("    end");
    }

    std::string describe(const AgentRung& rung) const {
        const std::string who = fmt::format("{} ({})", rung.agent, workflow_.agents.at(rung.agent).model);
        if (!rung.gate) return who + ", no gate";
        const Gate& gate = *rung.gate;
        const bool low = direction(gate.signal) == Direction::lower_is_surer;
        return fmt::format("{}, accept if {} {} {}", who, name(gate.signal),
                           low ? "<=" : ">=", fmt::join(gate.accept, " / "));
    }

    void draw_needs(std::size_t i) {
        const Step& step = workflow_.steps[i];
        const std::string arrow = step.when ? fmt::format("-- \"{}\" -->", label(step.when->text())) : "-->";
        if (step.needs.empty()) line("    start {} s{}", arrow, i);
        for (const std::size_t need : step.needs)
            line("    s{} {} s{}", need, arrow, i);
    }

    bool leads_nowhere(std::size_t i) const {
        for (const Step& later : workflow_.steps)
            for (const std::size_t need : later.needs)
                if (need == i) return false;
        return true;
    }

    const Workflow& workflow_;
    std::string text_;
};

}  // namespace

std::string mermaid(const Workflow& workflow) {
    return Chart(workflow).draw();
}

}  // namespace enough
