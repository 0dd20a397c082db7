#include "batch/batch_writer.hpp"

#include "batch/batch_state.hpp"

#include <fmt/format.h>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <stdexcept>
#include <utility>

namespace enough {
namespace {

using nlohmann::json;

std::string text_of(const json& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::size_t bytes_of(const BatchWriter::Entry& entry) {
    const auto* finished = std::get_if<BatchWriter::Finished>(&entry);
    return finished ? finished->result.report.size() : 0;
}

}  // namespace

std::string output_line(const std::string& id, const std::string& report) {
    return fmt::format("{{\"id\":{},{}\n", id, std::string_view(report).substr(1));
}

BatchWriter::BatchWriter(asio::any_io_executor executor, const BatchSettings& settings, std::function<void()> on_fault)
    : executor_(executor),
      written_(std::make_shared<asio::steady_timer>(executor, asio::steady_timer::time_point::max())),
      on_fault_(std::make_shared<const std::function<void()>>(std::move(on_fault))),
      keep_events_(settings.keep_events),
      many_wait_(settings.calls_per_item.has_value()),
      database_(open_batch_state(settings.files.state())),
      add_event_(database_.prepare("INSERT OR REPLACE INTO events (item, number, body) VALUES (?, ?, ?)")),
      add_result_(
          database_.prepare("INSERT OR IGNORE INTO results (number, status, calls, input_tokens, "
                            "cached_input_tokens, output_tokens, usd, report) VALUES (?, ?, ?, ?, ?, ?, ?, ?)")),
      remove_events_(database_.prepare("DELETE FROM events WHERE item = ?")),
      set_share_(database_.prepare("UPDATE shares SET granted = ?, need = ?, usd = ? WHERE number = ?")),
      grant_(database_.prepare("UPDATE shares SET granted = ?, need = NULL WHERE number = ?")),
      file_(settings.files.finished().string()),
      out_(file_, std::ios::binary | std::ios::app) {
    if (!out_) throw std::runtime_error(fmt::format("cannot write {}", file_));
    SqliteStatement rows = database_.prepare("SELECT DISTINCT item FROM events");
    while (!keep_events_ && !many_wait_ && rows.step())
        with_events_.insert(rows.number(0));
    thread_ = std::thread([this] { work(); });
}

BatchWriter::~BatchWriter() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    arrival_.notify_one();
    thread_.join();
}

void BatchWriter::put(Entry entry) {
    {
        const std::lock_guard lock(mutex_);
        if (fault_) return;
        waiting_bytes_ += bytes_of(entry);
        waiting_.push_back(std::move(entry));
        ++put_;
    }
    arrival_.notify_one();
}

std::optional<std::string> BatchWriter::fault() const {
    const std::lock_guard lock(mutex_);
    return fault_;
}

Task<void> BatchWriter::next_transaction() {
    boost::system::error_code ignored;
    co_await written_->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

Task<void> BatchWriter::room() {
    for (;;) {
        {
            const std::lock_guard lock(mutex_);
            if (fault_ || (waiting_.size() < most_waiting && waiting_bytes_ < most_waiting_bytes)) co_return;
        }
        co_await next_transaction();
    }
}

Task<void> BatchWriter::flush() {
    std::uint64_t until = 0;
    for (;;) {
        {
            const std::lock_guard lock(mutex_);
            if (until == 0) until = put_;
            if (fault_ || done_ >= until) co_return;
        }
        co_await next_transaction();
    }
}

void BatchWriter::work() {
    for (;;) {
        std::deque<Entry> entries;
        {
            std::unique_lock lock(mutex_);
            arrival_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
            if (waiting_.empty()) return;
            entries.swap(waiting_);
            waiting_bytes_ = 0;
        }
        // Those who wait run on the executor: what they look at can't change between their look and their wait.
        const auto tell = [this] { asio::post(executor_, [written = written_] { written->cancel(); }); };
        try {
            write(entries);
            append(entries);
            {
                const std::lock_guard lock(mutex_);
                done_ += entries.size();
            }
            tell();
        } catch (const std::exception& error) {
            failed(error.what());
            tell();
            return;
        }
    }
}

void BatchWriter::failed(const std::string& why) {
    const std::lock_guard lock(mutex_);
    fault_ = why;
    waiting_.clear();
    asio::post(executor_, [late = std::weak_ptr(on_fault_)] {
        if (const auto on_fault = late.lock(); on_fault && *on_fault) (*on_fault)();
    });
}

void BatchWriter::write(const std::deque<Entry>& entries) {
    std::set<std::int64_t> finished;
    for (const Entry& entry : entries)
        if (const auto* each = std::get_if<Finished>(&entry)) finished.insert(each->item);
    SqliteTransaction transaction(database_);
    for (const Entry& entry : entries) {
        const auto* recorded = std::get_if<Recorded>(&entry);
        if (recorded && (keep_events_ || !finished.contains(recorded->item))) write(*recorded);
        if (const auto* each = std::get_if<Finished>(&entry)) write(*each);
        if (const auto* each = std::get_if<Granted>(&entry)) write(*each);
        if (const auto* each = std::get_if<Suspended>(&entry)) write(*each);
    }
    transaction.commit();
}

void BatchWriter::write(const Recorded& recorded) {
    if (!keep_events_ && !many_wait_) with_events_.insert(recorded.item);
    add_event_.bind(1, recorded.item).bind(2, static_cast<std::int64_t>(recorded.event.number));
    add_event_.bind(3, text_of(to_json(recorded.event))).step();
}

void BatchWriter::write(const Finished& finished) {
    const RunTotals& totals = finished.result.totals;
    add_result_.bind(1, finished.item).bind(2, name(finished.result.status)).bind(3, totals.calls);
    add_result_.bind(4, totals.input_tokens).bind(5, totals.cached_input_tokens).bind(6, totals.output_tokens);
    add_result_.bind(7, fmt::format("{}", totals.usd)).bind(8, finished.result.report).step();
    const bool has_events = many_wait_ ? !keep_events_ : with_events_.erase(finished.item) > 0;
    if (has_events) remove_events_.bind(1, finished.item).step();
    set_share_.bind(1, std::int64_t{finished.result.calls}).bind_null(2).bind(3, "0").bind(4, finished.item).step();
}

void BatchWriter::write(const Granted& granted) {
    grant_.bind(1, std::int64_t{granted.calls}).bind(2, granted.item).step();
}

void BatchWriter::write(const Suspended& suspended) {
    set_share_.bind(1, std::int64_t{suspended.calls}).bind(2, order_of_need(suspended.need));
    set_share_.bind(3, fmt::format("{}", suspended.usd)).bind(4, suspended.item).step();
}

void BatchWriter::append(const std::deque<Entry>& entries) {
    for (const Entry& entry : entries)
        if (const auto* each = std::get_if<Finished>(&entry))
            out_ << output_line(text_of(each->id), each->result.report);
    out_.flush();
    if (!out_) throw std::runtime_error(fmt::format("cannot write {}", file_));
}

}  // namespace enough
