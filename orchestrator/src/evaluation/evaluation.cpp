#include <enough/orchestrator/evaluation.hpp>

#include "evaluation/item_run.hpp"
#include "evaluation/observed_chain.hpp"
#include "evaluation/variants.hpp"

#include <enough/agents/cassette.hpp>
#include <enough/orchestrator/output_grader.hpp>

#include <fmt/format.h>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <stdexcept>
#include <utility>

namespace enough {
namespace {

using Workflows = std::vector<std::pair<Policy, std::shared_ptr<const Workflow>>>;

bool ends_with_subject(const Workflow& workflow, const Subject& subject) {
    return subject.rung + 1 == ladder_of(workflow, subject).rungs.size();
}

/// The yardsticks first and the workflow after them, so that it finds its calls on the tape.
std::vector<Policy> policies_for(const Workflow& workflow, const Subject& subject) {
    std::vector<Policy> policies{Policy::chain};
    if (subject.chain_length > 1) policies.push_back(Policy::step1);
    if (!ends_with_subject(workflow, subject)) policies.push_back(Policy::full);
    policies.push_back(Policy::workflow);
    if (!ends_with_subject(workflow, subject)) policies.push_back(Policy::last_rung);
    return policies;
}

std::shared_ptr<const Workflow> workflow_of(Policy policy, const std::shared_ptr<const Workflow>& workflow,
                                            const Subject& subject) {
    switch (policy) {
        case Policy::workflow:
            return workflow;
        case Policy::step1:
            return always_steps(*workflow, subject, 1);
        case Policy::chain:
            return always_steps(*workflow, subject, subject.chain_length);
        case Policy::full:
            return full_path(*workflow, subject);
        case Policy::last_rung:
            return last_rung(*workflow, subject);
    }
    return workflow;
}

PolicyOutcome outcome_of(const ItemRun& run, bool right) {
    PolicyOutcome outcome;
    outcome.right = right;
    outcome.status = run.state.status;
    outcome.output = run.state.output;
    outcome.error = run.state.error;
    outcome.calls = run.state.budget().calls();
    outcome.usage = run.state.budget().used();
    outcome.usd = run.state.budget().used_usd();
    for (const WitnessedCall& call : run.calls)
        if (call.answer) outcome.latency_ms += call.answer->latency.count();
    return outcome;
}

std::vector<ShownStep> shown(const std::vector<WitnessedCall>& calls) {
    std::vector<ShownStep> steps;
    for (const WitnessedCall& call : calls)
        steps.push_back(
            {call.answer->text, call.value, call.heat, {call.entropy_by_k.begin(), call.entropy_by_k.end()}});
    return steps;
}

std::optional<AnsweredAt> answered_at(const RunState& state, std::size_t step) {
    const auto chosen = state.steps().at(step).chosen;
    if (!chosen) return std::nullopt;
    const CallRecord& call = state.call(*chosen);
    return AnsweredAt{call.agent, call.rung, call.chain_step};
}

bool accepted_first(const RunState& state, const Subject& subject) {
    const auto chosen = state.steps().at(subject.step).chosen;
    if (!chosen || state.steps().at(subject.step).status != Status::accepted) return false;
    const CallRecord& call = state.call(*chosen);
    return call.rung == subject.rung && call.chain_step == 1;
}

/// The rounds of each debate that had more than one.
std::vector<std::pair<std::string, std::vector<PanelState::Round>>> debates_of(const RunState& state) {
    std::vector<std::pair<std::string, std::vector<PanelState::Round>>> debates;
    for (const Frame& frame : state.frames)
        for (std::size_t i = 0; i < frame.steps.size(); ++i) {
            if (!std::holds_alternative<Ladder>(frame.definitions->at(i).body)) continue;
            for (const PanelOutcome& panel : frame.steps[i].panels)
                if (panel.rounds.size() > 1) debates.emplace_back(panel.decided.step, panel.rounds);
        }
    return debates;
}

/// A yardstick that failed because a model did measures nothing. One that failed by a gate's decision is wrong.
void check_yardstick(Policy policy, const ItemRun& run) {
    if (run.state.status != Status::failed) return;
    for (const WitnessedCall& call : run.calls)
        if (!call.answer) throw std::runtime_error(fmt::format("'{}' failed: {}", name(policy), call.failure));
}

class Evaluator {
public:
    Evaluator(std::shared_ptr<const Workflow> workflow, const Subject& subject, const EvalSettings& eval,
              const Agents& agents, std::vector<DataItem> items, EvaluationOptions options)
        : workflow_(std::move(workflow)),
          subject_(subject),
          measured_(rung_of(*workflow_, subject).gate->settings),
          chain_(up_to_subject(*whole_chain(*workflow_, subject), subject)),
          grader_(*workflow_, eval, agents),
          agents_(agents),
          items_(std::move(items)),
          options_(std::move(options)),
          results_(items_.size()),
          failures_(items_.size()) {
        for (const Policy policy : policies_for(*workflow_, subject_))
            workflows_.emplace_back(policy, workflow_of(policy, workflow_, subject_));
        progress_.of = items_.size();
    }

    std::size_t size() const { return items_.size(); }

    Task<void> evaluate(std::size_t index) {
        const auto tape = std::make_shared<Tape>();
        try {
            if (options_.max_usd && total().usd >= *options_.max_usd)
                throw std::runtime_error(fmt::format("not begun: {:g} USD are spent", total().usd));
            Task<EvaluatedItem> evaluating = evaluate_item(items_[index], tape);
            results_[index] = co_await std::move(evaluating);
            ++progress_.done;
        } catch (const boost::system::system_error&) {
            throw;
        } catch (const std::runtime_error& error) {
            ++progress_.failed;
            failures_[index] = fmt::format("{}: {}", items_[index].id.dump(), error.what());
        }
        // The tape holds each call that was really made, also for items that came to nothing.
        for (const auto& recording : tape->calls())
            count(*recording);
        if (options_.on_progress) options_.on_progress(total());
    }

    Evaluation result() && {
        Evaluation result;
        result.workflow = workflow_;
        result.step = workflow_->steps.at(subject_.step).id;
        result.agent = rung_of(*workflow_, subject_).agent;
        result.chain_length = subject_.chain_length;
        result.full_policy = ends_with_subject(*workflow_, subject_) ? Policy::chain : Policy::full;
        for (std::size_t i = 0; i < items_.size(); ++i) {
            if (results_[i]) result.items.push_back(std::move(*results_[i]));
            if (!failures_[i].empty()) result.failures.push_back(std::move(failures_[i]));
        }
        if (!result.items.empty()) result.served_model = result.items.front().served_model;
        result.total = total();
        return result;
    }

private:
    /// With what judges have used.
    ItemProgress total() const {
        ItemProgress total = progress_;
        total.usage += grader_.used();
        total.usd += grader_.used_usd();
        return total;
    }

    Task<EvaluatedItem> evaluate_item(const DataItem& item, std::shared_ptr<Tape> tape) {
        EvaluatedItem result;
        result.data = item;
        Task<void> observing = observe(tape, result);
        co_await std::move(observing);
        for (const auto& [policy, workflow] : workflows_) {
            Task<void> running = run_policy(policy, workflow, tape, result);
            co_await std::move(running);
        }
        co_return result;
    }

    Task<void> run_policy(Policy policy, std::shared_ptr<const Workflow> workflow, std::shared_ptr<Tape> tape,
                          EvaluatedItem& result) {
        std::vector<EventSink*> listeners;
        if (policy == Policy::workflow) listeners = options_.listeners;
        Task<ItemRun> running = run_item(std::move(workflow), remembering(agents_, tape), result.data.inputs, measured_,
                                         std::move(listeners));
        const ItemRun run = co_await std::move(running);
        if (policy != Policy::workflow) check_yardstick(policy, run);
        if (policy == Policy::workflow) {
            result.answered_at = answered_at(run.state, subject_.step);
            result.stopped = accepted_first(run.state, subject_);
        }
        const bool right = co_await grader_.grade(result.data, run.state.output);
        result.policies[policy] = outcome_of(run, right);
        if (policy != Policy::workflow) co_return;
        for (const auto& [step, rounds] : debates_of(run.state)) {
            const bool before = co_await grader_.grade(result.data, rounds.front().leader);
            const bool after = co_await grader_.grade(result.data, rounds.back().leader);
            result.debates.push_back({step, before, after});
        }
    }

    /// The whole chain with its evidence: before anything else, so that the tape has it with evidence.
    Task<void> observe(std::shared_ptr<Tape> tape, EvaluatedItem& result) {
        Task<ItemRun> running = run_item(chain_, remembering(agents_, tape), result.data.inputs, measured_, {});
        const ItemRun run = co_await std::move(running);
        Task<RecordedChain> observing =
            observe_chain(run, workflow_->steps.at(subject_.step).id, subject_.chain_length, result.data, grader_);
        RecordedChain recorded = co_await std::move(observing);
        if (!recorded.failure.empty()) throw std::runtime_error(recorded.failure);
        result.chain = std::move(recorded.chain);
        result.shown = shown(recorded.calls);
        result.served_model = recorded.calls.front().answer->model;
    }

    void count(const RecordedCall& call) {
        if (!call.outcome) return;
        progress_.usage += call.outcome->usage;
        const auto model = models_.find(call.model);
        if (model == models_.end()) return;
        const bool fell_back = !call.outcome->answered_by.empty() && workflow_->models.contains(call.model);
        const auto price = fell_back ? dearest_price(*workflow_, call.model) : model->second->price;
        progress_.usd += cost_usd(call.outcome->usage, price);
    }

    std::shared_ptr<const Workflow> workflow_;
    std::map<std::string, const Model*> models_ = models_in(*workflow_);
    Subject subject_;
    SignalSettings measured_;
    std::shared_ptr<const Workflow> chain_;
    OutputGrader grader_;
    const Agents& agents_;
    std::vector<DataItem> items_;
    EvaluationOptions options_;
    Workflows workflows_;
    std::vector<std::optional<EvaluatedItem>> results_;
    std::vector<std::string> failures_;
    ItemProgress progress_;
};

}  // namespace

std::string_view name(Policy policy) {
    switch (policy) {
        case Policy::workflow:
            return "workflow";
        case Policy::step1:
            return "step1";
        case Policy::chain:
            return "chain";
        case Policy::full:
            return "full";
        case Policy::last_rung:
            return "last_rung";
    }
    return "unknown";
}

EvaluationPlan plan_evaluation(const Workflow& workflow, const EvaluationOptions& options) {
    const Subject subject = find_gate(workflow, options.step, options.steps);
    return {policies_for(workflow, subject), subject.chain_length, workflow.steps.at(subject.step).id,
            rung_of(workflow, subject).agent};
}

Task<Evaluation> evaluate(std::shared_ptr<const Workflow> workflow, const EvalSettings& eval, const Agents& agents,
                          std::vector<DataItem> items, EvaluationOptions options) {
    const Subject subject = find_gate(*workflow, options.step, options.steps);
    const std::size_t concurrency = options.concurrency;
    Evaluator evaluator(std::move(workflow), subject, eval, agents, std::move(items), std::move(options));
    const auto work = [&evaluator](std::size_t index) { return evaluator.evaluate(index); };
    Task<void> working = for_each_index(evaluator.size(), concurrency, work);
    co_await std::move(working);
    Evaluation result = std::move(evaluator).result();
    result.grader = name(eval.grader);
    co_return result;
}

}  // namespace enough
