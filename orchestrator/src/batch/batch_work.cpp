#include "batch/batch_work.hpp"

#include <fmt/format.h>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <exception>
#include <fstream>
#include <stdexcept>
#include <utility>

namespace enough {
namespace {

constexpr std::size_t page = 64;

/// What happens in one run, up to its being cut off: it then goes on from there as after a crash.
class Recording final : public EventSink {
public:
    Recording(BatchWriter& writer, std::int64_t item) : writer_(writer), item_(item) {}

    void on(const Event& event) override {
        cut_ = cut_ || std::holds_alternative<CancelRequested>(event.body);
        if (!cut_) writer_.put(BatchWriter::Recorded{item_, event});
    }

private:
    BatchWriter& writer_;
    std::int64_t item_;
    bool cut_ = false;
};

/// What has ended before stands in it, too.
void begin_finished(BatchState& state, const BatchFiles& files) {
    std::ofstream out(files.finished(), std::ios::binary | std::ios::trunc);
    state.each_result([&](const std::string& id, const std::string& report) { out << output_line(id, report); });
    if (!out.flush()) throw std::runtime_error(fmt::format("cannot write {}", files.finished().string()));
}

const BatchSettings& ready(BatchState& state, const BatchSettings& settings) {
    begin_finished(state, settings.files);
    return settings;
}

}  // namespace

Batch::Work::Work(Batch& batch, ItemRunner& runner, asio::any_io_executor executor)
    : batch_(batch),
      runner_(runner),
      group_(executor, TaskGroup::OnError::cancel_others),
      writer_(executor, ready(*batch.state_, batch.settings_), [this] { group_.cancel(); }),
      end_(executor, asio::steady_timer::time_point::max()) {
    const auto& budget = batch.settings_.calls_per_item;
    if (!budget) return;
    shares_.emplace(batch.settings_.files.state());
    shares_->hand_out();
    rounds_.emplace(*batch.state_, *shares_, budget->for_items(batch.counts_.items));
}

Task<BatchEnd> Batch::Work::to_end() {
    std::exception_ptr fault;
    try {
        Task<void> working = work_off();
        co_await std::move(working);
    } catch (const std::exception&) {
        fault = std::current_exception();
    }
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    co_await writer_.flush();
    if (const auto why = writer_.fault()) {
        const std::string what =
            fmt::format("the batch had to stop: {}; what was written before is safe, go on with --resume", *why);
        throw std::runtime_error(what);
    }
    if (fault) std::rethrow_exception(fault);
    co_return out_of_money_ ? BatchEnd::over_budget : BatchEnd::complete;
}

/// Without a budget of calls all items are one pass.
Task<void> Batch::Work::work_off() {
    if (!rounds_) {
        Task<void> pass = one_pass();
        co_await std::move(pass);
        co_return;
    }
    const auto& on_pass = batch_.settings_.on_pass;
    while (!writer_.fault() && !out_of_money_ && !stopped_ && rounds_->turn()) {
        if (on_pass) on_pass(rounds_->pass_in_words());
        Task<void> pass = one_pass();
        co_await std::move(pass);
        co_await writer_.flush();
    }
}

Task<void> Batch::Work::one_pass() {
    for (std::size_t i = 0; i < batch_.settings_.concurrency; ++i)
        group_.spawn(take_turns());
    co_await group_.join();
}

Task<void> Batch::Work::take_turns() {
    for (;;) {
        std::optional<BatchItem> item = co_await next();
        if (!item) co_return;
        co_await run(std::move(*item));
        co_await writer_.room();
    }
}

Task<void> Batch::Work::run(BatchItem item) {
    const std::int64_t number = item.number;
    const double spent_before = item.spent_usd;
    const int granted = item.granted_calls.value_or(0);
    nlohmann::json id = item.id;
    Recording record(writer_, number);
    ++running_;
    std::string fault;
    try {
        ItemResult result = co_await runner_.run(std::move(item), record);
        --running_;
        stopped_ = stopped_ || result.status == Status::cancelled;
        if (result.status == Status::running) {
            suspended(number, spent_before, result);
        } else if (result.status != Status::cancelled) {
            if (rounds_) rounds_->ended(granted, result.calls);
            batch_.counts_.waiting_usd -= spent_before;
            ended(number, id, std::move(result));
        }
        tell_of_an_end();
        co_return;
    } catch (const boost::system::system_error& error) {
        stopped_ = stopped_ || error.code() == asio::error::operation_aborted;
        if (stopped_) throw;
        fault = error.what();
    } catch (const std::exception& error) {
        fault = error.what();
    }
    throw std::runtime_error(fmt::format("item {}: {}", id.dump(), fault));
}

/// Absent: there is nothing more to begin in this pass.
Task<std::optional<BatchItem>> Batch::Work::next() {
    Task<std::optional<BatchItem>> choosing = rounds_ ? next_in_round() : next_in_order();
    std::optional<BatchItem> item = co_await std::move(choosing);
    co_return item;
}

Task<std::optional<BatchItem>> Batch::Work::next_in_order() {
    while (fill_page()) {
        if (may_spend()) {
            std::optional<BatchItem> item(std::move(page_.front()));
            page_.pop_front();
            last_ = item->number;
            co_return item;
        }
        // Those in flight may leave something of what is set aside for them.
        out_of_money_ = running_ == 0;
        if (!out_of_money_) co_await some_end();
    }
    tell_of_an_end();
    co_return std::nullopt;
}

/// False: there is nothing more to begin.
bool Batch::Work::fill_page() {
    if (writer_.fault() || out_of_money_ || stopped_) return false;
    if (page_.empty())
        for (BatchItem& item : batch_.state_->waiting(last_, page))
            page_.push_back(std::move(item));
    return !page_.empty();
}

Task<void> Batch::Work::some_end() {
    boost::system::error_code ignored;
    co_await end_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

void Batch::Work::tell_of_an_end() {
    end_.cancel();
}

Task<std::optional<BatchItem>> Batch::Work::next_in_round() {
    std::optional<BatchItem> item;
    if (!writer_.fault() && !out_of_money_ && !stopped_) item = rounds_->next();
    const bool asks = item && item->calls_ended.empty();
    while (asks && !may_spend()) {
        out_of_money_ = running_ == 0;
        if (!out_of_money_) co_await some_end();
        if (writer_.fault() || out_of_money_ || stopped_) {
            tell_of_an_end();
            co_return std::nullopt;
        }
    }
    if (asks) writer_.put(BatchWriter::Granted{item->number, *item->granted_calls});
    co_return item;
}

/// Where runs have a limit of their own, those in flight are counted with all of it.
bool Batch::Work::may_spend() const {
    const auto& most = batch_.settings_.max_usd;
    if (!most) return true;
    const double spent = batch_.counts_.usd();
    const auto& of_a_run = batch_.workflow_->limits.usd;
    return of_a_run ? spent + static_cast<double>(running_ + 1) * *of_a_run <= *most : spent < *most;
}

void Batch::Work::suspended(std::int64_t item, double spent_before, const ItemResult& result) {
    batch_.counts_.waiting_usd += result.totals.usd - spent_before;
    writer_.put(BatchWriter::Suspended{item, result.calls, result.need, result.totals.usd});
    if (batch_.settings_.on_progress) batch_.settings_.on_progress(batch_.counts_, running_);
}

void Batch::Work::ended(std::int64_t item, nlohmann::json id, ItemResult result) {
    batch_.counts_.count(result.status);
    batch_.counts_.used += result.totals;
    writer_.put(BatchWriter::Finished{item, std::move(id), std::move(result)});
    if (batch_.settings_.on_progress) batch_.settings_.on_progress(batch_.counts_, running_);
}

Task<BatchEnd> Batch::run(ItemRunner& runner) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    Work work(*this, runner, executor);
    co_return co_await work.to_end();
}

}  // namespace enough
