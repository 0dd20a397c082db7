#include <enough/orchestrator/regate.hpp>

#include <enough/orchestrator/budget.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <stdexcept>
#include <utility>
#include <variant>

namespace enough {
namespace {

/// A call as the log tells it.
struct LoggedCall {
    CallRequested request;
    std::optional<CallAnswered> answered;
    std::optional<CallJudged> judged;
};

struct LoggedRun {
    std::string id;
    nlohmann::json inputs;
    std::map<CallId, LoggedCall> calls;
    std::map<std::string, StepFinished> steps;
};

std::vector<LoggedRun> runs_of(const std::vector<Event>& events) {
    std::vector<LoggedRun> runs;
    std::map<std::string, std::size_t> places;
    for (const Event& event : events) {
        const auto [place, is_new] = places.emplace(event.run_id, runs.size());
        if (is_new) runs.emplace_back().id = event.run_id;
        LoggedRun& run = runs[place->second];
        if (const auto* started = std::get_if<RunStarted>(&event.body)) run.inputs = started->inputs;
        if (const auto* asked = std::get_if<CallRequested>(&event.body)) run.calls[asked->call].request = *asked;
        if (const auto* answered = std::get_if<CallAnswered>(&event.body))
            run.calls[answered->call].answered = *answered;
        if (const auto* judged = std::get_if<CallJudged>(&event.body)) run.calls[judged->call].judged = *judged;
        if (const auto* finished = std::get_if<StepFinished>(&event.body)) run.steps[finished->step] = *finished;
    }
    return runs;
}

std::string agent_of_first_gate(const std::vector<LoggedRun>& runs) {
    for (const LoggedRun& run : runs)
        for (const auto& [id, call] : run.calls)
            if (call.judged && !call.judged->signal.empty()) return call.request.agent;
    throw std::invalid_argument("the log has no gated call");
}

/// The upper threshold of the agent's gate, as far as the log shows it: where it decided.
std::optional<double> recorded_escalate(const std::vector<LoggedRun>& runs, const std::string& agent) {
    for (const LoggedRun& run : runs)
        for (const auto& [id, call] : run.calls)
            if (call.request.agent == agent && call.judged && call.judged->judgement.reason.ends_with("(escalate)"))
                return call.judged->judgement.threshold;
    return std::nullopt;
}

bool is_fitted(const std::vector<LoggedRun>& runs, const std::string& agent) {
    return std::ranges::any_of(runs, [&](const LoggedRun& run) {
        return std::ranges::any_of(run.calls, [&](const auto& each) {
            const LoggedCall& call = each.second;
            return call.request.agent == agent && call.judged && call.judged->signal == name(Signal::fitted);
        });
    });
}

class EventRegater {
public:
    EventRegater(GateChange change, std::string agent, const RegateLabels& labels)
        : change_(std::move(change)), agent_(std::move(agent)), labels_(labels) {}

    /// The run's gated chain of the agent; absent if it has none with an answer.
    std::optional<RegatedRun> regate(const LoggedRun& run) const {
        const std::vector<const LoggedCall*> chain = chain_of(run);
        if (chain.empty()) return std::nullopt;
        RegatedRun result{run.id, chain.front()->request.step, agent_, before(run, *chain.back()), {}, {}};
        for (const LoggedCall* call : chain) {
            const Judgement judgement = judge_anew(*call);
            const bool last_recorded = call == chain.back();
            if (is_undecidable(*call, judgement)) {
                result.unknown = fmt::format("step {} is {}", call->request.chain_step, judgement.reason);
                return result;
            }
            if (judgement.verdict == Verdict::refine) {
                if (!last_recorded) continue;
                result.unknown =
                    fmt::format("would ask for step {}, which was never answered", call->request.chain_step + 1);
                return result;
            }
            if (judgement.verdict == Verdict::escalate && !goes_on_as_before(*call, last_recorded)) {
                result.unknown =
                    fmt::format("would escalate after step {}; what follows was never asked", call->request.chain_step);
                return result;
            }
            const bool as_before = last_recorded && judgement.verdict == result.before.verdict;
            if (judgement.verdict == Verdict::accept && !as_before && others_asked_after(run, *call)) {
                result.unknown = fmt::format("would accept step {}; what other steps make of it was never asked",
                                             call->request.chain_step);
                return result;
            }
            result.after = as_before ? result.before : ended_at(run, *call, judgement);
            result.after->reason = judgement.reason;
            return result;
        }
        return result;
    }

private:
    /// The calls of the agent's first gated rung in this run, in the chain's order, as far as they were answered.
    std::vector<const LoggedCall*> chain_of(const LoggedRun& run) const {
        std::vector<const LoggedCall*> chain;
        for (const auto& [id, call] : run.calls) {
            if (call.request.agent != agent_ || !call.answered || !call.judged || call.judged->signal.empty()) continue;
            if (!chain.empty() &&
                (chain.front()->request.step != call.request.step || chain.front()->request.rung != call.request.rung))
                continue;
            chain.push_back(&call);
        }
        return chain;
    }

    /// A log does not have the gate, only its verdicts: what it did without evidence is taken from them.
    Judgement judge_anew(const LoggedCall& call) const {
        // Nor does it have the model's pin: an answer that contradicted it stays without evidence.
        if (call.judged->judgement.reason.starts_with("pinned ")) return call.judged->judgement;
        if (change_.missing) return judge_anew(call, *change_.missing);
        Judgement judgement = judge_anew(call, OnMissing::fail);
        if (judgement.verdict != Verdict::fail) return judgement;
        const Judgement& recorded = call.judged->judgement;
        if (recorded.reason.starts_with(judgement.reason)) return recorded;
        return judge_anew(call, OnMissing::escalate);
    }

    Judgement judge_anew(const LoggedCall& call, OnMissing missing) const {
        Gate gate;
        gate.signal = change_.signal.value_or(signal_named(call.judged->signal).value_or(Signal::entropy_mean));
        gate.accept = change_.accept;
        gate.escalate = change_.escalate;
        gate.missing = missing;
        gate.calibration = change_.calibration;
        const Answer& answer = call.answered->answer;
        CallFacts facts;
        facts.finish_reason = answer.finish_reason;
        facts.reported_output_tokens = answer.reported_output_tokens;
        facts.reported_reasoning_tokens = answer.reported_reasoning_tokens;
        if (answer.usage.reasoning_tokens > 0) facts.reported_reasoning_tokens = answer.usage.reasoning_tokens;
        facts.has_text = !answer.text.empty();
        facts.answer_extracted = call.judged->answer.has_value();
        facts.logprobs_refused = answer.logprobs_refused;
        facts.max_tokens = call.request.sampling.max_tokens;
        facts.model = answer.model;
        facts.fingerprint = answer.fingerprint;
        facts.asked = call.request.model;
        facts.answered_by = answer.answered_by;
        return judge(gate, {call.request.chain_step, call.request.chain_length},
                     call.answered->evidence.value_or(EvidenceSummary{}), facts);
    }

    /// A call that was cut says nothing to a gate that would have let it go on.
    static bool is_undecidable(const LoggedCall& call, const Judgement& judgement) {
        return call.answered->answer.finish_reason == FinishReason::stopped_early && !judgement.value;
    }

    /// Were calls of other steps made after this one? They may have been told what came of it.
    static bool others_asked_after(const LoggedRun& run, const LoggedCall& call) {
        return std::ranges::any_of(run.calls, [&](const auto& each) {
            return each.first > call.request.call && each.second.request.step != call.request.step;
        });
    }

    /// Would everything after this call be what the log has? Only if the chain ended here then, too, without
    /// acceptance.
    static bool goes_on_as_before(const LoggedCall& call, bool last_recorded) {
        return last_recorded && call.judged->judgement.verdict == Verdict::escalate;
    }

    RegateSide before(const LoggedRun& run, const LoggedCall& last) const {
        RegateSide side;
        side.verdict = last.judged->judgement.verdict;
        side.reason = last.judged->judgement.reason;
        side.chain_step = last.request.chain_step;
        if (const auto step = run.steps.find(last.request.step); step != run.steps.end())
            side.answer = step->second.answer;
        add_tokens(side, run, run.calls.empty() ? 0 : run.calls.rbegin()->first);
        side.right = grade(run, side.answer);
        return side;
    }

    /// The run, had this been its last call: accepted, or failed without an answer.
    RegateSide ended_at(const LoggedRun& run, const LoggedCall& call, const Judgement& judgement) const {
        RegateSide side;
        side.verdict = judgement.verdict;
        side.chain_step = call.request.chain_step;
        if (judgement.verdict == Verdict::accept) side.answer = call.judged->answer;
        add_tokens(side, run, call.request.call);
        side.right = grade(run, side.answer);
        return side;
    }

    void add_tokens(RegateSide& side, const LoggedRun& run, CallId last) const {
        double usd = 0;
        for (const auto& [id, call] : run.calls) {
            if (id > last || !call.answered) continue;
            const Usage& usage = call.answered->answer.usage;
            side.input_tokens += usage.input_tokens;
            side.output_tokens += usage.output_tokens;
            if (!labels_.workflow) continue;
            const auto models = models_in(*labels_.workflow);
            const auto model = models.find(call.request.model);
            if (model == models.end()) continue;
            const bool fell_back =
                !call.answered->answer.answered_by.empty() && labels_.workflow->models.contains(call.request.model);
            usd += cost_usd(usage,
                            fell_back ? dearest_price(*labels_.workflow, call.request.model) : model->second->price);
        }
        if (labels_.workflow) side.usd = usd;
    }

    std::optional<bool> grade(const LoggedRun& run, const std::optional<std::string>& answer) const {
        return labels_.grade ? labels_.grade(run.inputs, answer) : std::nullopt;
    }

    GateChange change_;
    std::string agent_;
    const RegateLabels& labels_;
};

}  // namespace

std::vector<RegatedRun> regate_events(const std::vector<Event>& events, const GateChange& change,
                                      const RegateLabels& labels) {
    if (change.accept.empty()) throw std::invalid_argument("the changed gate has no threshold");
    if (change.top_k)
        throw std::invalid_argument("an event log has no candidates: another top_k needs a cassette (--record)");
    const std::vector<LoggedRun> runs = runs_of(events);
    GateChange completed = change;
    if (completed.agent.empty()) completed.agent = agent_of_first_gate(runs);
    if (!completed.signal && is_fitted(runs, completed.agent))
        throw std::invalid_argument("the gate has the signal 'fitted', whose model is not in the log: name another");
    if (!completed.escalate && !completed.signal) completed.escalate = recorded_escalate(runs, completed.agent);
    const EventRegater regater(completed, completed.agent, labels);
    std::vector<RegatedRun> result;
    for (const LoggedRun& run : runs)
        if (auto regated = regater.regate(run)) result.push_back(std::move(*regated));
    if (result.empty())
        throw std::invalid_argument(fmt::format("the log has no gated call of agent '{}'", completed.agent));
    return result;
}

}  // namespace enough
