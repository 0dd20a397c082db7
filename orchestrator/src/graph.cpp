#include <enough/orchestrator/graph.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>
#include <variant>

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

/// What stands in a label of a step beside its id.
std::string repetition(const Step& step) {
    if (const auto* each = std::get_if<ForEach>(&step.body)) return fmt::format(", for each of {}", each->items.text());
    if (const auto* loop = std::get_if<Loop>(&step.body))
        return fmt::format(", until {}, at most {} times", loop->until.text(), loop->max);
    return {};
}

class Chart {
public:
    explicit Chart(const Workflow& workflow) : workflow_(&workflow) {}

    std::string draw() {
        line("flowchart TD");
        line("    start([{}])", label(workflow_->name));
        draw_steps(workflow_->steps, "");
        line("    output([output])");
        for (std::size_t i = 0; i < workflow_->steps.size(); ++i)
            if (leads_nowhere(workflow_->steps, i)) line("    s{} --> output", i);
        return text_;
    }

private:
    template <class... Args>
    void line(fmt::format_string<Args...> format, Args&&... args) {
        text_ += std::string(4 * depth_, ' ');
        fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
        text_ += '\n';
    }

    /// `prefix` keeps the ids of steps inside others apart: s1, s1_0, s1_0_2.
    void draw_steps(const std::vector<Step>& steps, const std::string& prefix) {
        for (std::size_t i = 0; i < steps.size(); ++i)
            draw_step(steps[i], fmt::format("s{}{}", prefix, i), fmt::format("{}{}_", prefix, i));
        for (std::size_t i = 0; i < steps.size(); ++i)
            draw_needs(steps[i], prefix, i);
    }

    void draw_step(const Step& step, const std::string& id, const std::string& inner) {
        line("    subgraph {}[\"{}\"]", id, label(step.id + repetition(step)));
        ++depth_;
        if (const auto* ladder = std::get_if<Ladder>(&step.body)) draw_ladder(*ladder, id);
        if (const auto* each = std::get_if<ForEach>(&step.body)) draw_inner(step, each->steps, id, inner);
        if (const auto* loop = std::get_if<Loop>(&step.body)) draw_inner(step, loop->steps, id, inner);
        if (const auto* approval = std::get_if<Approval>(&step.body))
            line("    {}a{{{{\"approve: {}\"}}}}", id, label(approval->message.text()));
        if (const auto* choice = std::get_if<Switch>(&step.body)) draw_cases(step, *choice, id, inner);
        if (const auto* sub = std::get_if<SubWorkflow>(&step.body)) {
            const Workflow* outer = std::exchange(workflow_, sub->workflow.get());
            draw_steps(sub->workflow->steps, inner);
            workflow_ = outer;
        }
        --depth_;
        line("    end");
    }

    void draw_inner(const Step& step, const std::vector<Step>& steps, const std::string& id, const std::string& inner) {
        const bool in_place = steps.size() == 1 && steps.front().id == step.id;
        const auto* ladder = in_place ? std::get_if<Ladder>(&steps.front().body) : nullptr;
        if (ladder)
            draw_ladder(*ladder, id);
        else
            draw_steps(steps, inner);
    }

    void draw_cases(const Step& step, const Switch& choice, const std::string& id, const std::string& inner) {
        for (std::size_t i = 0; i < choice.cases.size(); ++i) {
            const Switch::Case& each = choice.cases[i];
            line("    subgraph {}c{}[\"{}\"]", id, i, label(each.when ? "when " + each.when->text() : "otherwise"));
            ++depth_;
            draw_inner(step, each.steps, fmt::format("{}c{}", id, i), fmt::format("{}{}_", inner, i));
            --depth_;
            line("    end");
        }
    }

    void draw_ladder(const Ladder& ladder, const std::string& id) {
        for (std::size_t r = 0; r < ladder.rungs.size(); ++r) {
            line("    {}r{}[\"{}\"]", id, r,
                 label(std::visit([this](const auto& rung) { return describe(rung); }, ladder.rungs[r])));
            const auto* rung = std::get_if<AgentRung>(&ladder.rungs[r]);
            if (rung && rung->refine)
                line("    {}r{} -- refine, {} steps --> {}r{}", id, r, rung->refine->max_steps, id, r);
            if (r > 0) line("    {}r{} -- escalate --> {}r{}", id, r - 1, id, r);
        }
    }

    std::string who(const std::string& agent) const {
        const auto found = workflow_->agents.find(agent);
        return found == workflow_->agents.end() ? agent : fmt::format("{} ({})", agent, found->second.model);
    }

    static std::string gated(const std::optional<Gate>& gate) {
        if (!gate) return ", no gate";
        const bool low = direction(gate->signal) == Direction::lower_is_surer;
        return fmt::format(", accept if {} {} {}", name(gate->signal),
                           low ? "<=" : ">=", fmt::join(gate->accept, " / "));
    }

    std::string describe(const AgentRung& rung) const { return who(rung.agent) + gated(rung.gate); }

    std::string describe(const PanelRung& rung) const {
        const Panel& panel = rung.panel;
        std::string agents;
        for (const std::string& agent : panel.agents)
            agents += (agents.empty() ? "" : ", ") + who(agent);
        std::string words = fmt::format("{} of {}", name(panel.aggregate), agents);
        if (panel.samples > 1) words += fmt::format(", {} samples each", panel.samples);
        if (panel.referee) words += ", by " + who(panel.referee->agent);
        return words + gated(rung.gate);
    }

    void draw_needs(const Step& step, const std::string& prefix, std::size_t i) {
        const std::string arrow = step.when ? fmt::format("-- \"{}\" -->", label(step.when->text())) : "-->";
        if (step.needs.empty() && prefix.empty()) line("    start {} s{}", arrow, i);
        for (const std::size_t need : step.needs)
            line("    s{}{} {} s{}{}", prefix, need, arrow, prefix, i);
    }

    static bool leads_nowhere(const std::vector<Step>& steps, std::size_t i) {
        return std::none_of(steps.begin(), steps.end(), [&](const Step& later) {
            return std::find(later.needs.begin(), later.needs.end(), i) != later.needs.end();
        });
    }

    const Workflow* workflow_;
    std::size_t depth_ = 0;
    std::string text_;
};

}  // namespace

std::string mermaid(const Workflow& workflow) {
    return Chart(workflow).draw();
}

}  // namespace enough
