#pragma once

#include "batch/batch_state.hpp"
#include "batch/batch_writer.hpp"
#include "batch/call_rounds.hpp"

#include <enough/async/task_group.hpp>
#include <enough/orchestrator/batch.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

namespace enough {

/// A batch at work: so many items at once, taken from the state a page at a time.
class Batch::Work {
public:
    Work(Batch& batch, ItemRunner& runner, asio::any_io_executor executor);

    Task<BatchEnd> to_end();

private:
    Task<void> work_off();
    Task<void> one_pass();
    Task<void> take_turns();
    Task<void> run(BatchItem item);
    Task<std::optional<BatchItem>> next();
    Task<std::optional<BatchItem>> next_in_order();
    Task<std::optional<BatchItem>> next_in_round();
    bool fill_page();
    bool may_spend() const;
    Task<void> some_end();
    void tell_of_an_end();
    void suspended(std::int64_t item, double spent_before, const ItemResult& result);
    void ended(std::int64_t item, nlohmann::json id, ItemResult result);

    Batch& batch_;
    ItemRunner& runner_;
    std::optional<CallShares> shares_;  ///< with a budget of calls
    std::optional<CallRounds> rounds_;
    TaskGroup group_;
    BatchWriter writer_;
    std::deque<BatchItem> page_;
    std::int64_t last_ = 0;  ///< number of the last item that was taken from the state
    std::size_t running_ = 0;
    asio::steady_timer end_;  ///< cancelled whenever an item has ended
    bool out_of_money_ = false;
    bool stopped_ = false;  ///< cancelled
};

}  // namespace enough
