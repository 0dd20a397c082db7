#include "serve/store_writer.hpp"

#include <fmt/format.h>
#include <boost/asio/post.hpp>
#include <nlohmann/json.hpp>

#include <exception>
#include <utility>

namespace enough {
namespace {

constexpr std::size_t removed_at_once = 20;
constexpr std::chrono::milliseconds between_removals{20};
constexpr std::chrono::seconds after_an_end{1};
constexpr std::chrono::seconds between_looks{60};
constexpr std::chrono::milliseconds before_another_try{1'000};

const std::string& id_of(const StoreWriter::Entry& entry) {
    struct Id {
        const std::string& operator()(const StoreWriter::Begin& each) const { return each.run.id; }
        const std::string& operator()(const Event& each) const { return each.run_id; }
        const std::string& operator()(const StoreWriter::Reopen& each) const { return each.id; }
        const std::string& operator()(const StoreWriter::Lose& each) const { return each.id; }
        const std::string& operator()(const StoreWriter::End& each) const { return each.id; }
    };
    return std::visit(Id(), entry);
}

StoredEvent stored(const Event& event) {
    return {event.number, std::string(type_name(event.body)),
            to_json(event).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)};
}

}  // namespace

/// Writes one entry of a run that is recorded.
struct StoreWriter::Write {
    RunWriter& database;
    RunRow row;

    void operator()(const Begin&) const {}
    void operator()(const Reopen&) const {}
    void operator()(const Lose&) const {}
    void operator()(const Event& event) const { database.add(row, stored(event)); }
    void operator()(const End& end) const {
        database.add(row, stored(end.last));
        const Status status = std::get<RunFinished>(end.last.body).status;
        database.end(row, std::string(name(status)), wall_time_now(), end.totals, end.report);
    }
};

StoreWriter::StoreWriter(asio::any_io_executor executor, const StoreSettings& settings)
    : executor_(std::move(executor)), settings_(settings), database_(settings.file) {
    database_.mark_interrupted(wall_time_now());
    thread_ = std::thread([this] { work(); });
}

StoreWriter::~StoreWriter() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    arrival_.notify_one();
    thread_.join();
}

void StoreWriter::put(Entry entry) {
    const std::string id = id_of(entry);
    const bool ends = std::holds_alternative<End>(entry);
    if (left_out_.contains(id) && !ends) return;
    {
        const std::lock_guard lock(mutex_);
        if (std::holds_alternative<Event>(entry) && waiting_.size() >= most_waiting) {
            left_out_.insert(id);
            entry = Lose{id};
        }
        if (ends) left_out_.erase(id);
        waiting_.push_back(std::move(entry));
    }
    arrival_.notify_one();
}

void StoreWriter::work() {
    for (;;) {
        std::deque<Entry> batch;
        bool stop = false;
        {
            std::unique_lock lock(mutex_);
            arrival_.wait_until(lock, tidy_at_, [this] { return stopping_ || !waiting_.empty(); });
            batch.swap(waiting_);
            stop = stopping_;
        }
        if (!batch.empty()) write(batch);
        if (stop && batch.empty()) return;
        if (!stop && Clock::now() >= tidy_at_) tidy();
    }
}

void StoreWriter::write(const std::deque<Entry>& batch) {
    std::set<std::string> begun;
    bool written = true;
    try {
        write_all(batch, begun);
    } catch (const std::exception& error) {
        written = false;
        give_up(batch, begun);
        failed(error.what());
    }
    for (const Entry& entry : batch) {
        const End* end = std::get_if<End>(&entry);
        if (!end) continue;
        const bool lost = lost_.erase(end->id) > 0;
        const bool recorded = written && !lost;
        open_.erase(end->id);
        if (recorded) worked();
        asio::post(executor_, [tell = end->written, recorded] { tell(recorded); });
        tidy_at_ = std::min(tidy_at_, Clock::now() + after_an_end);
    }
}

void StoreWriter::write_all(const std::deque<Entry>& batch, std::set<std::string>& begun) {
    SqliteTransaction transaction = database_.transaction();
    const auto torn = static_cast<std::ptrdiff_t>(torn_.size());
    for (const RunRow row : torn_)
        database_.remove(row);
    for (const Entry& entry : batch) {
        const std::string& id = id_of(entry);
        if (const auto* begin = std::get_if<Begin>(&entry)) {
            open_[id] = database_.add(begin->run);
            begun.insert(id);
        } else if (std::holds_alternative<Reopen>(entry)) {
            if (const auto row = database_.reopen(id)) open_[id] = *row;
        }
        const auto known = open_.find(id);
        if (known == open_.end() || std::holds_alternative<Lose>(entry))
            lose(id);
        else if (!lost_.contains(id))
            std::visit(Write{database_, known->second}, entry);
    }
    transaction.commit();
    torn_.erase(torn_.begin(), torn_.begin() + torn);
}

/// Nothing of the batch has been written.
void StoreWriter::give_up(const std::deque<Entry>& batch, const std::set<std::string>& begun) {
    for (const Entry& entry : batch) {
        const std::string& id = id_of(entry);
        if (begun.contains(id)) open_.erase(id);
        lose(id);
    }
}

void StoreWriter::lose(const std::string& id) {
    if (lost_.insert(id).second) ++runs_lost_;
    const auto known = open_.find(id);
    if (known == open_.end()) return;
    torn_.push_back(known->second);
    open_.erase(known);
}

/// Removes what has been kept long enough, a few at a time, so that nothing else waits long.
void StoreWriter::tidy() {
    try {
        std::optional<WallTime> ended_before;
        if (settings_.keep_days > 0) ended_before = wall_time_now() - std::chrono::hours(24) * settings_.keep_days;
        SqliteTransaction transaction = database_.transaction();
        const auto rows = database_.outlived(settings_.keep_runs, ended_before, removed_at_once);
        for (const RunRow row : rows)
            database_.remove(row);
        transaction.commit();
        tidy_at_ = Clock::now();
        if (rows.size() == removed_at_once)
            tidy_at_ += between_removals;
        else
            tidy_at_ += between_looks;
    } catch (const std::exception& error) {
        failed(error.what());
        tidy_at_ = Clock::now() + before_another_try;
    }
}

void StoreWriter::failed(const std::string& why) {
    if (failing_.exchange(true) || !settings_.notice) return;
    asio::post(executor_, [notice = settings_.notice, why] {
        notice(fmt::format("{}; the runs of this time are kept in memory alone", why));
    });
}

void StoreWriter::worked() {
    if (!failing_.exchange(false) || !settings_.notice) return;
    asio::post(executor_, [notice = settings_.notice] { notice("runs are stored again"); });
}

}  // namespace enough
