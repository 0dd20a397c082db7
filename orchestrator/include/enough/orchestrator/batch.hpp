#pragma once

#include <enough/async/task.hpp>
#include <enough/orchestrator/engine.hpp>
#include <enough/orchestrator/event.hpp>
#include <enough/orchestrator/run_totals.hpp>
#include <enough/orchestrator/status.hpp>
#include <enough/policies/constant_budget.hpp>
#include <enough/workflows/workflow.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <istream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace enough {

/// The files of a batch, all beside its output.
struct BatchFiles {
    std::filesystem::path output;  ///< there once every item has its line

    std::filesystem::path state() const { return output.string() + ".state"; }         ///< SQLite: what must survive
    std::filesystem::path finished() const { return output.string() + ".part"; }       ///< lines as they are finished
    std::filesystem::path set_aside() const { return output.string() + ".rejected"; }  ///< lines that can't be run
};

/// One line of the data that a run can be made of.
struct BatchItem {
    std::int64_t number = 0;  ///< from 1, in the order of the data
    nlohmann::json id;
    nlohmann::json inputs;        ///< complete, defaults filled in
    std::vector<Event> recorded;  ///< of a run that was cut off or suspended, to go on with; mostly empty
    double spent_usd = 0;         ///< by that run so far, as far as it is known
    // Where the batch has a budget of calls; see `RunOptions`:
    std::optional<int> granted_calls;
    std::string calls_ended;
};

/// What became of an item.
struct ItemResult {
    Status status = Status::failed;  ///< `running`: it waits to be granted another call
    RunTotals totals;
    std::string report;  ///< the run report, a JSON object in one line
    int calls = 0;       ///< questions put to models, further attempts not counted
    double need = 0;     ///< of an item that waits: how much it needs its next call

    static ItemResult of(const RunState& state);
    /// Of an item that no run could be made of: a report without steps.
    static ItemResult failed(const std::string& workflow, const std::string& why);
};

/// Runs items: in this process, or elsewhere.
class ItemRunner {
public:
    virtual ~ItemRunner() = default;

    /// Runs one item to its end. `record` is told what happens, so that it need not happen again; it outlives the run.
    /// Cancelled (`terminal`), it returns with the status `cancelled`, or throws `operation_aborted`. Any other
    /// exception ends the batch.
    virtual Task<ItemResult> run(BatchItem item, EventSink& record) = 0;
};

/// Runs items on an engine of this process. An item whose recorded events can't be gone on with has failed.
class LocalRunner final : public ItemRunner {
public:
    /// `prepare` may add sinks and a trace to the options of each run.
    explicit LocalRunner(Engine& engine, std::function<void(RunOptions&)> prepare = nullptr)
        : engine_(engine), prepare_(std::move(prepare)) {}

    Task<ItemResult> run(BatchItem item, EventSink& record) override;

private:
    Engine& engine_;
    std::function<void(RunOptions&)> prepare_;
};

/// How a batch stands.
struct BatchCounts {
    std::int64_t items = 0;  ///< lines that can be run
    std::int64_t accepted = 0;
    std::int64_t unresolved = 0;
    std::int64_t failed = 0;
    std::int64_t over_budget = 0;
    std::int64_t set_aside = 0;  ///< lines that can't
    RunTotals used;              ///< by the items that have ended
    RunTotals earlier;           ///< by tries of items that were begun anew, and by items that are no more
    RunTotals wasted;            ///< by workers that had lost their items: it counts for no result
    double waiting_usd = 0;      ///< spent on items that wait for another call

    std::int64_t ended() const { return accepted + unresolved + failed + over_budget; }
    void count(Status status, std::int64_t items = 1);
    double usd() const { return used.usd + earlier.usd + wasted.usd + waiting_usd; }
};

struct BatchSettings {
    BatchFiles files;
    bool resume = false;            ///< go on with the state that is there
    bool force = false;             ///< although the workflow or the data have changed
    bool data_passes_once = false;  ///< it is a pipe: once taken in, it is not read again
    bool strict = false;            ///< refuse data with bad lines instead of setting them aside
    std::size_t concurrency = 16;
    std::optional<double> max_usd;  ///< no further item is begun that could break it
    /// A budget of calls for all items together: one for each first, what is left to the neediest
    /// (docs/constant-budget.md). Only for workflows that `why_no_constant_budget` has nothing against.
    std::optional<CallsPerItem> calls_per_item;
    bool keep_events = false;                              ///< of items that have ended, too: for `EvenSpending`
    std::function<void(const std::string& what)> on_pass;  ///< before each round of that budget, in words
    std::function<void(const BatchCounts&, std::size_t running)> on_progress;
};

/// Why a batch is not complete.
enum class BatchEnd { complete, over_budget };

class BatchState;
struct BatchIdentity;
class ProcessLock;

/// Many runs of one workflow, one per line of data, in a fixed amount of memory whatever their number. What they come
/// to stands in an SQLite file beside the output, so that any crash costs only what was in flight.
class Batch {
public:
    /// Takes in the data, or the state of an earlier try. Nothing is asked yet. Throws `std::invalid_argument` in words
    /// for what can't be used: an output or a state that is there already without `resume`, another workflow or other
    /// data without `force`, no items, bad lines where `strict`; `std::runtime_error` if the files can't be written,
    /// the data can't be read or another process uses them.
    Batch(std::shared_ptr<const Workflow> workflow, std::istream& data, BatchSettings settings);
    ~Batch();

    /// The first lines that were set aside: `line 7: this is no JSON`.
    std::vector<std::string> faults(std::size_t most) const;

    const BatchCounts& counts() const { return counts_; }

    /// Letters and digits; the same for all tries of this batch.
    const std::string& id() const { return id_; }

    /// Notes what was spent in vain; once for each key.
    void count_waste(const std::string& key, const RunTotals& totals);

    /// Runs every item that has not ended; what was recorded of one that was cut off is not asked again. When it
    /// returns, everything that ended is in the state. Cancelling it (`terminal`) cancels the runs in flight, whose
    /// events stay recorded, and throws `operation_aborted`. Throws `std::runtime_error` when the state can't be
    /// written any more.
    Task<BatchEnd> run(ItemRunner& runner);

    /// How the budget of calls was spent; null without one. To be called when nothing runs.
    nlohmann::ordered_json call_budget() const;

    /// Writes the output, a line per item in the order of the data, if every item has ended; false if not.
    bool write_output();

private:
    class Work;

    void begin(std::istream& data);
    void go_on(BatchIdentity known, std::istream& data);
    void take_other(BatchIdentity& known, std::istream& data);
    void check_data();
    void check_calls_per_item(const BatchIdentity& known) const;
    void fit_inputs();

    std::shared_ptr<const Workflow> workflow_;
    BatchSettings settings_;
    std::unique_ptr<ProcessLock> lock_;
    std::unique_ptr<BatchState> state_;
    BatchCounts counts_;
    std::string id_;
};

/// Why a budget of calls can't be spread over runs of this workflow, in a sentence; absent: it can. Beside what
/// `why_not_call_by_call` asks for, there must be gates that say which answers are unsure, all by one signal, and
/// something to spend a second call on.
std::optional<std::string> why_no_constant_budget(const Workflow& workflow);

/// How the batch of an output stands, read from its state while it may be running. Throws `std::invalid_argument` if
/// there is none.
struct BatchStatus {
    BatchCounts counts;
    std::int64_t under_way = 0;  ///< items with recorded events that have not ended
    bool taken_in = false;       ///< false: the data was not read to its end
    std::string workflow;
    std::string begun;      ///< RFC 3339
    bool complete = false;  ///< the output is written
};
BatchStatus batch_status(const BatchFiles& files);

/// More items at once than this could only wait for each other: the sum of the models' own limits, or `wanted` if that
/// is less or a model has no limit.
std::size_t useful_concurrency(const Workflow& workflow, std::size_t wanted);

}  // namespace enough
