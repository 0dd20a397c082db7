#include <enough/orchestrator/doctor.hpp>

#include <algorithm>
#include <set>
#include <type_traits>
#include <utility>
#include <variant>

namespace enough {
namespace {

// Short and open: many ways to begin, so that there is something to measure, and a few dozen tokens at most.
constexpr const char* question = "Write one sentence about the weather by the sea.";
constexpr std::int64_t short_answer = 48;     // tokens: enough neighbours to see lists that repeat
constexpr std::int64_t longer_answer = 2048;  // room for reasoning before the answer
constexpr int usual_top_k = 20;

double temperature_of(ProbeKind kind) {
    switch (kind) {
        case ProbeKind::cool:
            return 0.5;
        case ProbeKind::greedy:
            return 0;
        case ProbeKind::warm:
        case ProbeKind::whole:
        case ProbeKind::longer:
            break;
    }
    return 1;
}

class Keep final : public AnswerSink {
public:
    explicit Keep(std::vector<Token>& tokens) : tokens_(tokens) {}

    Flow on_token(const Token& token) override {
        tokens_.push_back(token);
        return Flow::go_on;
    }
    void on_text(Phase, std::string_view) override {}
    void on_restart() override { tokens_.clear(); }

private:
    std::vector<Token>& tokens_;
};

Task<Probe> ask(Agent& agent, ProbeKind kind, int top_k, Deadline deadline) {
    Probe probe;
    probe.kind = kind;
    Keep sink(probe.tokens);
    Request request;
    Message message;
    message.content = question;
    request.messages.push_back(std::move(message));
    request.sampling.temperature = temperature_of(kind);
    request.sampling.max_tokens = kind == ProbeKind::longer ? longer_answer : short_answer;
    request.top_logprobs = top_k;
    request.streamed = kind != ProbeKind::whole;
    request.deadline = deadline;
    request.sink = &sink;
    probe.outcome = co_await agent.ask(std::move(request));
    co_return probe;
}

/// Will the next question fail in the same way?
bool is_lasting(const Failure& failure) {
    switch (failure.kind) {
        case FailureKind::connect:
        case FailureKind::tls:
        case FailureKind::unauthorized:
        case FailureKind::no_model:
        case FailureKind::rate_limited:
        case FailureKind::script_ended:
            return true;
        case FailureKind::timeout:
        case FailureKind::overloaded:
        case FailureKind::server_error:
        case FailureKind::bad_request:
        case FailureKind::bad_response:
        case FailureKind::stream_cut:
        case FailureKind::context_full:
            return false;
    }
    return false;
}

bool reasoned_without_end(const Probe& probe) {
    if (!probe.outcome) return false;
    const Answer& answer = *probe.outcome;
    return answer.text.empty() && answer.finish_reason == FinishReason::length;
}

/// What the gates of one workflow want, by the name of the agent they judge.
class Needs {
public:
    explicit Needs(std::map<std::string, std::vector<EvidenceNeed>>& needs) : needs_(needs) {}

    void of(const Workflow& workflow) {
        if (!seen_.insert(&workflow).second) return;
        each_step(workflow.steps, [&](const Step& step) {
            if (const auto* inner = std::get_if<SubWorkflow>(&step.body)) of(*inner->workflow);
            const auto* ladder = std::get_if<Ladder>(&step.body);
            if (ladder == nullptr) return;
            for (const Rung& rung : ladder->rungs) {
                if (const auto* one = std::get_if<AgentRung>(&rung))
                    add(workflow, one->agent, one->gate);
                else
                    of(workflow, std::get<PanelRung>(rung).panel);
            }
        });
    }

private:
    void of(const Workflow& workflow, const Panel& panel) {
        if (panel.referee) add(workflow, panel.referee->agent, panel.referee->gate);
        const bool weighed = panel.voting.weight != VoteWeight::one || panel.deepconf ||
                             panel.aggregate == Aggregate::best || panel.aggregate == Aggregate::borda;
        for (const std::string& agent : panel.agents) {
            if (panel.debate) add(workflow, agent, panel.debate->skip_gate);
            if (weighed) add(workflow, agent, Gate());
        }
    }

    void add(const Workflow& workflow, const std::string& agent, const std::optional<Gate>& gate) {
        if (!gate || !needs_logprobs(gate->signal)) return;
        const std::string& name = workflow.agents.at(agent).model;
        const std::string& key = workflow.models.at(name).key;
        needs_[key.empty() ? name : key].push_back({gate->signal, gate->settings, gate->min_coverage});
    }

    std::map<std::string, std::vector<EvidenceNeed>>& needs_;
    std::set<const Workflow*> seen_;
};

struct Bare {
    template <class Settings>
    void operator()(Settings& settings) const {
        if constexpr (!std::is_same_v<Settings, LlamaSettings>) {
            settings.retry.attempts = 1;
            settings.hedge.reset();
        }
        if constexpr (std::is_base_of_v<ServerSettings, Settings>) settings.circuit.reset();
    }
};

}  // namespace

std::map<std::string, std::vector<EvidenceNeed>> evidence_needs(const Workflow& workflow) {
    std::map<std::string, std::vector<EvidenceNeed>> needs;
    Needs(needs).of(workflow);
    return needs;
}

int candidates_wanted(const std::vector<EvidenceNeed>& needs) {
    int wanted = needs.empty() ? usual_top_k : 0;
    for (const EvidenceNeed& need : needs)
        wanted = std::max(wanted, need.settings.top_k);
    return wanted;
}

ProviderSettings bare(ProviderSettings settings) {
    std::visit(Bare(), settings);
    return settings;
}

Task<std::vector<Probe>> examine(Agent& agent, int top_k, Deadline deadline, std::function<void(ProbeKind)> seen) {
    std::vector<Probe> probes;
    std::vector<ProbeKind> plan{ProbeKind::warm, ProbeKind::whole, ProbeKind::cool, ProbeKind::greedy};
    for (std::size_t i = 0; i < plan.size() && !deadline.expired(); ++i) {
        auto probe = co_await ask(agent, plan[i], top_k, deadline);
        if (seen) seen(probe.kind);
        const bool lasting = !probe.outcome && is_lasting(probe.outcome.error());
        if (i == 0 && reasoned_without_end(probe)) plan.push_back(ProbeKind::longer);
        probes.push_back(std::move(probe));
        if (lasting) break;
    }
    co_return probes;
}

}  // namespace enough
