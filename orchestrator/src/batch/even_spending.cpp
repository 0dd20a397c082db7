#include <enough/orchestrator/even_spending.hpp>

#include "batch/even_state.hpp"
#include "evaluation/item_run.hpp"
#include "evaluation/variants.hpp"

#include <enough/orchestrator/output_grader.hpp>

#include <fmt/format.h>
#include <boost/system/system_error.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace enough {
namespace {

using nlohmann::json;

constexpr std::size_t page_size = 64;

/// Gives answers that are known already before it asks anybody.
class KnownFirst final : public Agent {
public:
    KnownFirst(std::vector<Answer> known, std::unique_ptr<Agent> then)
        : known_(std::move(known)), then_(std::move(then)) {}

    Task<Result<Answer>> ask(Request request) override {
        if (next_ < known_.size()) {
            Result<Answer> result(known_[next_++]);
            co_return result;
        }
        Task<Result<Answer>> asking = then_->ask(std::move(request));
        Result<Answer> result = co_await std::move(asking);
        co_return result;
    }

private:
    std::vector<Answer> known_;
    std::size_t next_ = 0;
    std::unique_ptr<Agent> then_;
};

/// What a chain came to after its first calls, up to the one with this index.
struct Spent {
    std::int64_t calls = 0;
    std::int64_t input_tokens = 0;
    std::int64_t output_tokens = 0;
    double usd = 0;
    std::optional<std::string> answer;
    bool complete = false;  ///< there is an answer of the step
};

/// After `steps` steps of the chain; the requests to mend an answer's form belong to the step they are made in.
Spent spent_after(const RunState& state, int steps) {
    Spent spent;
    for (const CallRecord& call : state.calls) {
        if (call.chain_step > steps) break;
        ++spent.calls;
        spent.input_tokens += call.usage.input_tokens;
        spent.output_tokens += call.usage.output_tokens;
        spent.usd += call.usd;
        spent.answer = call.answer;
        spent.complete = call.chain_step == steps && call.judgement.has_value();
    }
    return spent;
}

json json_of_spent(const Spent& spent, bool right) {
    return {{"right", right},
            {"calls", spent.calls},
            {"input_tokens", spent.input_tokens},
            {"output_tokens", spent.output_tokens},
            {"usd", spent.usd}};
}

}  // namespace

std::optional<std::string> why_not_evenly(const Workflow& workflow) {
    if (auto why = why_no_constant_budget(workflow)) return why;
    const AgentRung& rung = rung_of(workflow, {0, 0, 1});
    if (!rung.refine)
        return fmt::format("calls can't be spent evenly on agent '{}': it has no 'refine' to spend them on",
                           rung.agent);
    if (!workflow.eval) return "what even spending gives can't be graded: the workflow has no 'eval'";
    return std::nullopt;
}

EvenSpending::EvenSpending(std::shared_ptr<const Workflow> workflow, const BatchFiles& files, CallsPerItem per_item)
    : workflow_(std::move(workflow)), steps_(1), share_(1) {
    if (const auto why = why_not_evenly(*workflow_)) throw std::invalid_argument(*why);
    const Subject subject{0, 0, 1};
    const AgentRung& rung = rung_of(*workflow_, subject);
    const double most = std::min(per_item.value(), static_cast<double>(rung.refine->max_steps));
    steps_ = static_cast<int>(std::ceil(most));
    share_ = most - (steps_ - 1);
    chain_ = always_steps(*workflow_, subject, steps_);
    model_ = workflow_->models.at(workflow_->agents.at(rung.agent).model).key;
    state_ = std::make_unique<EvenState>(files.state());
}

EvenSpending::~EvenSpending() = default;

/// Measures one item after the other; several at once, on one strand.
class EvenSpending::Measuring {
public:
    Measuring(EvenSpending& even, const Agents& agents)
        : even_(even), agents_(agents), grader_(*even.workflow_, *even.workflow_->eval, agents) {}

    Task<void> all(std::size_t concurrency) {
        std::int64_t after = 0;
        for (;;) {
            items_ = even_.state_->waiting(after, page_size);
            if (items_.empty()) co_return;
            Task<void> page = for_each_index(items_.size(), concurrency, [this](std::size_t i) { return one(i); });
            co_await std::move(page);
            after = items_.back().number;
        }
    }

private:
    Task<void> one(std::size_t index) {
        const EvenItem& item = items_[index];
        json measured;
        try {
            Task<json> measuring = measure(item);
            measured = co_await std::move(measuring);
        } catch (const boost::system::system_error&) {
            throw;
        } catch (const std::runtime_error& error) {
            measured["fault"] = error.what();
        }
        even_.state_->keep(item.number, measured);
    }

    Task<json> measure(const EvenItem& item) {
        Agents own = borrowed(agents_);
        auto& first = own.at(even_.model_);
        first = std::make_unique<KnownFirst>(item.known, std::move(first));
        Task<ItemRun> running = run_item(even_.chain_, std::move(own), item.data.inputs, SignalSettings{}, {});
        const ItemRun run = co_await std::move(running);
        const Spent shorter = spent_after(run.state, even_.steps_ - 1);
        const Spent longer = spent_after(run.state, even_.steps_);
        if (!longer.complete)
            throw std::runtime_error(run.state.error.value_or("the chain was not answered to its end"));
        Task<bool> of_batch = grader_.grade(item.data, item.output);
        const bool batch_right = co_await std::move(of_batch);
        Task<bool> of_longer = grader_.grade(item.data, longer.answer);
        const bool longer_right = co_await std::move(of_longer);
        Task<bool> of_shorter = grader_.grade(item.data, shorter.answer);
        const bool shorter_right = co_await std::move(of_shorter);
        const auto known = static_cast<std::int64_t>(item.known.size());
        json measured{{"budget_right", batch_right}, {"extra_calls", std::max<std::int64_t>(longer.calls - known, 0)}};
        measured["longer"] = json_of_spent(longer, longer_right);
        measured["shorter"] = json_of_spent(shorter, shorter_right);
        co_return measured;
    }

    EvenSpending& even_;
    const Agents& agents_;
    OutputGrader grader_;
    std::vector<EvenItem> items_;
};

std::int64_t EvenSpending::calls_left() {
    std::int64_t calls = 0;
    std::int64_t after = 0;
    for (;;) {
        const std::vector<EvenItem> items = state_->waiting(after, page_size);
        if (items.empty()) return calls;
        for (const EvenItem& item : items)
            calls += std::max<std::int64_t>(steps_ - static_cast<std::int64_t>(item.known.size()), 0);
        after = items.back().number;
    }
}

Task<void> EvenSpending::run(const Agents& agents, std::size_t concurrency) {
    Measuring measuring(*this, agents);
    Task<void> all = measuring.all(concurrency);
    co_await std::move(all);
}

}  // namespace enough
