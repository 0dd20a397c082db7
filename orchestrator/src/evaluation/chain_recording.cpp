#include <enough/orchestrator/chain_recording.hpp>

#include "evaluation/item_run.hpp"
#include "evaluation/observed_chain.hpp"
#include "evaluation/variants.hpp"

#include <enough/workflows/calibration_key.hpp>

#include <fmt/format.h>

#include <map>
#include <stdexcept>
#include <utility>

namespace enough {
namespace {

constexpr int usual_length = 4;

/// Records the items one by one; several at once, on one strand.
class Recorder {
public:
    Recorder(std::shared_ptr<const Workflow> workflow, const Subject& subject, const EvalSettings& eval,
             const Agents& agents, const std::vector<DataItem>& items, RecordingOptions options)
        : workflow_(std::move(workflow)),
          subject_(subject),
          step_id_(workflow_->steps.at(subject.step).id),
          measured_(rung_of(*workflow_, subject).gate.value_or(Gate{}).settings),
          chain_(up_to_subject(*whole_chain(*workflow_, subject), subject)),
          grader_(*workflow_, eval, agents),
          agents_(agents),
          items_(items),
          options_(std::move(options)) {
        progress_.of = items.size();
    }

    void take(const FinishedChain& done) {
        ++progress_.done;
        keep(done);
    }

    Task<void> record(std::size_t index) {
        const DataItem& item = items_[index];
        if (finished_.contains(item.id.dump())) co_return;
        if (options_.max_usd && total().usd >= *options_.max_usd) {
            fail(item, fmt::format("not begun: {:g} USD are spent", total().usd));
            co_return;
        }
        std::string failure;
        try {
            Task<void> recording = record_item(item);
            co_await std::move(recording);
        } catch (const std::runtime_error& error) {
            if (is_cancellation(error)) throw;
            failure = error.what();
        }
        if (!failure.empty()) fail(item, failure);
        if (options_.on_progress) options_.on_progress(total());
    }

    RecordedChains result() && {
        RecordedChains result;
        for (const DataItem& item : items_)
            if (const auto found = finished_.find(item.id.dump()); found != finished_.end())
                result.chains.push_back(std::move(found->second.chain));
        result.failures = std::move(failures_);
        result.total = total();
        return result;
    }

    /// The one value that all answers have; empty if there are several.
    static std::string agreed(const std::set<std::string>& values, std::string_view what, RecordedChains& result) {
        if (values.size() == 1) return *values.begin();
        if (values.size() > 1)
            result.notes.push_back(
                fmt::format("{} different {} answered: the calibration is bound to none of them", values.size(), what));
        return {};
    }
    void set_origin(RecordedChains& result) const {
        result.key.served_model = agreed(models_, "models", result);
        result.key.fingerprint = agreed(fingerprints_, "server builds", result);
    }

private:
    /// With what judges have used.
    ItemProgress total() const {
        ItemProgress total = progress_;
        total.usage += grader_.used();
        total.usd += grader_.used_usd();
        return total;
    }

    static bool is_cancellation(const std::runtime_error& error) {
        const auto* system = dynamic_cast<const boost::system::system_error*>(&error);
        return system != nullptr && system->code() == asio::error::operation_aborted;
    }

    Task<void> record_item(const DataItem& item) {
        Task<ItemRun> running = run_item(chain_, borrowed(agents_), item.inputs, measured_, options_.listeners);
        const ItemRun run = co_await std::move(running);
        progress_.usage += run.state.budget().used();
        progress_.usd += run.state.budget().used_usd();
        Task<RecordedChain> observing = observe_chain(run, step_id_, subject_.chain_length, item, grader_);
        RecordedChain recorded = co_await std::move(observing);
        if (!recorded.failure.empty()) {
            fail(item, recorded.failure);
            co_return;
        }
        const Answer& answer = *recorded.calls.front().answer;
        const FinishedChain finished{std::move(recorded.chain), answer.model, answer.fingerprint};
        ++progress_.done;
        keep(finished);
        if (options_.on_finished) options_.on_finished(finished);
    }

    void keep(const FinishedChain& finished) {
        if (!finished.served_model.empty()) models_.insert(finished.served_model);
        if (!finished.fingerprint.empty()) fingerprints_.insert(finished.fingerprint);
        finished_[finished.chain.id] = finished;
    }

    void fail(const DataItem& item, const std::string& why) {
        ++progress_.failed;
        failures_.push_back(fmt::format("{}: {}", item.id.dump(), why));
    }

    std::shared_ptr<const Workflow> workflow_;
    Subject subject_;
    std::string step_id_;
    SignalSettings measured_;
    std::shared_ptr<const Workflow> chain_;
    OutputGrader grader_;
    const Agents& agents_;
    const std::vector<DataItem>& items_;
    RecordingOptions options_;
    ItemProgress progress_;
    std::map<std::string, FinishedChain> finished_;
    std::set<std::string> models_;
    std::set<std::string> fingerprints_;
    std::vector<std::string> failures_;
};

Subject subject_of(const Workflow& workflow, const RecordingOptions& options) {
    return find_agent(workflow, options.agent, options.step, options.steps, usual_length);
}

}  // namespace

RecordingPlan plan_recording(const Workflow& workflow, const RecordingOptions& options) {
    const Subject subject = subject_of(workflow, options);
    const AgentRung& rung = rung_of(workflow, subject);
    const AgentRole& role = workflow.agents.at(rung.agent);
    Gate gate = rung.gate.value_or(Gate{});
    if (gate.signal == Signal::fitted) gate.signal = Signal::entropy_mean;
    return {calibration_key(role, workflow.models.at(role.model), gate, ladder_of(workflow, subject).prompt.text(),
                            rung.refine ? rung.refine->prompt : default_refine_prompt),
            subject.chain_length};
}

Task<RecordedChains> record_chains(std::shared_ptr<const Workflow> workflow, const EvalSettings& eval,
                                   const Agents& agents, const std::vector<DataItem>& items,
                                   const std::vector<FinishedChain>& done, RecordingOptions options) {
    const Subject subject = subject_of(*workflow, options);
    const CalibrationKey key = plan_recording(*workflow, options).key;
    const std::size_t concurrency = options.concurrency;
    Recorder recorder(workflow, subject, eval, agents, items, std::move(options));
    for (const FinishedChain& each : done)
        recorder.take(each);
    const auto record = [&recorder](std::size_t index) { return recorder.record(index); };
    Task<void> recording = for_each_index(items.size(), concurrency, record);
    co_await std::move(recording);
    RecordedChains result = std::move(recorder).result();
    result.key = key;
    recorder.set_origin(result);
    co_return result;
}

}  // namespace enough
