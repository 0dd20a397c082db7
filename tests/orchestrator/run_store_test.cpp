// The store of runs by itself: what it keeps, what it refuses to open, and what it does when it can't write.

#include "serve/run_store.hpp"

#include "support/run.hpp"
#include "support/run_workflow.hpp"
#include "support/temporary_folder.hpp"

#include <enough/sqlite/database.hpp>
#include <enough/workflows/load.hpp>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>

#include <fstream>

namespace enough::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* workflow_text = R"yaml(
version: 1
name: one
models: {m: {provider: scripted, answers: [{text: "42", repeat: true}]}}
agents: {a: {model: m}}
steps: [{id: s, prompt: "What is it?", agent: a}]
)yaml";

/// The events of a run that has ended.
std::vector<Event> events_of_a_run() {
    return run_workflow(parse_workflow(workflow_text), nlohmann::json::object()).events;
}

std::vector<Event> named(std::vector<Event> events, const std::string& id) {
    for (Event& event : events)
        event.run_id = id;
    return events;
}

StoredRun run_named(const std::string& id, const std::string& created) {
    StoredRun run;
    run.id = id;
    run.workflow = "one";
    run.workflow_hash = "hash";
    run.created = read_wall_time(created).value();
    return run;
}

void begin(RunStore& store, const std::string& id, const std::vector<Event>& events) {
    store.begin(run_named(id, "2026-01-31T12:00:00Z"));
    for (std::size_t i = 0; i + 1 < events.size(); ++i)
        store.record(named(events, id)[i]);
}

Task<bool> end(RunStore* store, std::string id, std::vector<Event> events) {
    Event last = named(events, id).back();
    RunTotals totals;
    totals.calls = 1;
    totals.usd = 0.25;
    std::string report = "{\"run_id\":\"" + id + "\"}";
    return store->end(std::move(id), std::move(last), totals, std::move(report));
}

StoreSettings settings_of(const std::string& file) {
    StoreSettings settings;
    settings.file = file;
    return settings;
}

TEST(WallTime, IsReadAsRfc3339OrAsSecondsSince1970) {
    // 2026-01-31T12:00:00Z is 1769860800 (date -u -d 2026-01-31T12:00:00Z +%s).
    const WallTime noon{std::chrono::seconds(1'769'860'800)};
    EXPECT_EQ(read_wall_time("2026-01-31T12:00:00Z"), noon);
    EXPECT_EQ(read_wall_time("1769860800"), noon);
    EXPECT_EQ(read_wall_time("2026-01-31T12:00:00.5Z"), noon + std::chrono::milliseconds(500));
    EXPECT_EQ(read_wall_time("2026-01-31T12:00:00.1234567Z"), noon + std::chrono::milliseconds(123));
    EXPECT_EQ(rfc3339(noon + std::chrono::microseconds(7'009)), "2026-01-31T12:00:00.007Z");
    EXPECT_EQ(rfc3339(WallTime()), "1970-01-01T00:00:00.000Z");
    for (const char* bad : {"", "Z", "yesterday", "2026-02-30T12:00:00Z", "2026-01-31T24:00:00Z", "2026-01-31T12:00:00",
                            "2026-01-31 12:00:00Z", "2026-01-31T12:00:00.Z", "2026-01-31T12:00:00+01:00Z", "-5", "1e9",
                            "99999999999999999999", "2026-01-31T12:00:00.x5Z"})
        EXPECT_FALSE(read_wall_time(bad)) << bad;
}

TEST(RunFilter, WantsWhatFitsAllOfIt) {
    const RunKey noon(read_wall_time("2026-01-31T12:00:00Z").value(), "m");
    EXPECT_TRUE(RunFilter().wants("one", "accepted", noon));
    RunFilter filter;
    filter.workflow = "one";
    filter.status = "failed";
    EXPECT_TRUE(filter.wants("one", "failed", noon));
    EXPECT_TRUE(filter.wants("one", "interrupted", noon)) << "its report says failed";
    EXPECT_FALSE(filter.wants("one", "accepted", noon));
    EXPECT_FALSE(filter.wants("two", "failed", noon));
    RunFilter interrupted;
    interrupted.status = "interrupted";
    EXPECT_FALSE(interrupted.wants("one", "failed", noon));
    RunFilter times;
    times.since = times.until = noon.first;
    EXPECT_FALSE(times.wants("one", "accepted", noon)) << "until is exclusive";
    times.until = noon.first + std::chrono::microseconds(1);
    EXPECT_TRUE(times.wants("one", "accepted", noon)) << "since is inclusive";
    times.before = RunKey(noon.first, "n");
    EXPECT_TRUE(times.wants("one", "accepted", noon)) << "of one moment the greater id comes first";
    times.before = noon;
    EXPECT_FALSE(times.wants("one", "accepted", noon));
}

Task<void> keeps(asio::any_io_executor executor, std::string file) {
    const std::vector<Event> events = events_of_a_run();
    {
        RunStore store(executor, settings_of(file));
        begin(store, "a", events);
        const bool written = co_await end(&store, "a", events);
        EXPECT_TRUE(written);
        // Somebody else can see it: it is on disk, not in a queue.
        RunReader other(file);
        const auto found = other.find("a");
        EXPECT_EQ(found.value().status, "accepted");
        EXPECT_THAT(other.events("a", 0, 1 << 20), SizeIs(events.size()));
        begin(store, "b", events);
    }
    RunStore again(executor, settings_of(file));
    const auto ended = co_await again.find("a");
    EXPECT_EQ(ended.value().report, R"({"run_id":"a"})");
    EXPECT_EQ(ended->workflow, "one");
    EXPECT_EQ(ended->workflow_hash, "hash");
    EXPECT_EQ(rfc3339(ended->created), "2026-01-31T12:00:00.000Z");
    const auto cut = co_await again.find("b");
    EXPECT_EQ(cut.value().status, "interrupted");
    const auto interrupted = co_await again.interrupted();
    EXPECT_THAT(interrupted, ElementsAre("b"));
    const auto nobody = co_await again.find("c");
    EXPECT_FALSE(nobody);
    const auto rest = co_await again.events("a", events.size() - 1);
    EXPECT_THAT(rest, SizeIs(1));
    EXPECT_EQ(rest.front().type, "run_finished");
    EXPECT_EQ(nlohmann::json::parse(rest.front().body), to_json(named(events, "a").back()));
}

TEST(RunStore, KeepsRunsBeyondItsEndAndMarksThoseThatDidNotEnd) {
    const TemporaryFolder folder;
    run_with([&](asio::any_io_executor executor) { return keeps(executor, folder.file("runs.db")); });
}

Task<void> goes_on(asio::any_io_executor executor, std::string file) {
    const std::vector<Event> events = events_of_a_run();
    {
        RunStore store(executor, settings_of(file));
        store.begin(run_named("a", "2026-01-31T12:00:00Z"));
        store.record(named(events, "a").front());
    }
    RunStore store(executor, settings_of(file));
    store.reopen("a");
    for (std::size_t i = 1; i + 1 < events.size(); ++i)
        store.record(named(events, "a")[i]);
    const bool written = co_await end(&store, "a", events);
    EXPECT_TRUE(written);
    const auto found = co_await store.find("a");
    EXPECT_EQ(found.value().status, "accepted");
    const auto all = co_await store.events("a", 0);
    EXPECT_THAT(all, SizeIs(events.size()));
}

TEST(RunStore, GoesOnWithARunThatWasInterrupted) {
    const TemporaryFolder folder;
    run_with([&](asio::any_io_executor executor) { return goes_on(executor, folder.file("runs.db")); });
}

/// SQLite's own trick for a disk that refuses a write.
void refuse_writes(const std::string& file) {
    SqliteDatabase(file).execute(
        "CREATE TRIGGER refuse BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, "
        "'database or disk is full'); END");
}

Task<void> survives_a_full_disk(asio::any_io_executor executor, std::string file) {
    const std::vector<Event> events = events_of_a_run();
    std::vector<std::string> notices;
    StoreSettings settings = settings_of(file);
    settings.notice = [&](const std::string& words) { notices.push_back(words); };
    RunStore store(executor, settings);
    store.begin(run_named("whole", "2026-01-31T12:00:00Z"));
    const bool good = co_await end(&store, "whole", events);
    EXPECT_TRUE(good);
    refuse_writes(file);
    for (const char* id : {"x", "y"}) {
        begin(store, id, events);
        const bool written = co_await end(&store, id, events);
        EXPECT_FALSE(written);
    }
    EXPECT_TRUE(store.failing());
    EXPECT_EQ(store.runs_lost(), 2U);
    EXPECT_THAT(notices, ElementsAre(HasSubstr("disk is full"))) << "once, not for each run";
    SqliteDatabase(file).execute("DROP TRIGGER refuse");
    begin(store, "z", events);
    const bool written = co_await end(&store, "z", events);
    EXPECT_TRUE(written);
    EXPECT_FALSE(store.failing());
    EXPECT_THAT(notices, ElementsAre(HasSubstr("disk is full"), "runs are stored again"));
    const auto lost = co_await store.find("x");
    EXPECT_FALSE(lost);
    const auto before = co_await store.find("whole");
    EXPECT_TRUE(before) << "what was there before is not touched";
}

TEST(RunStore, GoesOnWithoutTheDiskAndStoresAgainWhenItCan) {
    const TemporaryFolder folder;
    run_with([&](asio::any_io_executor executor) { return survives_a_full_disk(executor, folder.file("runs.db")); });
}

Task<void> loses_no_memory(asio::any_io_executor executor, std::string file) {
    const std::vector<Event> events = events_of_a_run();
    RunStore store(executor, settings_of(file));
    {
        SqliteDatabase other(file);
        SqliteTransaction holding(other);  // a disk that takes nothing
        store.begin(run_named("a", "2026-01-31T12:00:00Z"));
        Event event = named(events, "a").front();
        for (std::size_t i = 0; i < StoreWriter::most_waiting + 10'000; ++i) {
            event.number = i + 1;
            store.record(event);
        }
    }
    const bool written = co_await end(&store, "a", events);
    EXPECT_FALSE(written) << "some of its events were left out";
    EXPECT_EQ(store.runs_lost(), 1U);
    begin(store, "b", events);
    const bool next = co_await end(&store, "b", events);
    EXPECT_TRUE(next);
    const auto torn = co_await store.find("a");
    EXPECT_FALSE(torn) << "half a run is no record";
}

TEST(RunStore, LeavesARunOutRatherThanLetItsEventsFillTheMemory) {
    const TemporaryFolder folder;
    run_with([&](asio::any_io_executor executor) { return loses_no_memory(executor, folder.file("runs.db")); });
}

std::string refusal(const std::string& file) {
    std::string message = "opened";
    const auto open = [&](asio::any_io_executor executor) -> Task<void> {
        try {
            const RunStore store(executor, settings_of(file));
        } catch (const std::runtime_error& error) {
            message = error.what();
        }
        return asio::post(executor, asio::use_awaitable);
    };
    run_with(open);
    return message;
}

TEST(RunStore, RefusesFilesThatItCannotUse) {
    const TemporaryFolder folder;
    std::ofstream(folder.file("letter.txt")) << "Dear Sir or Madam, this is no database at all, and never was one.";
    EXPECT_THAT(refusal(folder.file("letter.txt")), HasSubstr("letter.txt is no SQLite database"));
    SqliteDatabase(folder.file("other.db")).execute("CREATE TABLE t (x)");
    EXPECT_THAT(refusal(folder.file("other.db")), HasSubstr("other.db is a database of something else"));
    EXPECT_THAT(refusal(folder.file("nowhere/runs.db")), HasSubstr("nowhere/runs.db"));
    EXPECT_THAT(refusal(folder.path().string()), HasSubstr(folder.path().string()));
    EXPECT_EQ(refusal(folder.file("new.db")), "opened");
    SqliteDatabase(folder.file("new.db")).execute("PRAGMA user_version = 99");
    EXPECT_THAT(refusal(folder.file("new.db")), HasSubstr("version 99"));
}

Task<void> is_one_servers(asio::any_io_executor executor, std::string file) {
    const RunStore store(executor, settings_of(file));
    std::string message;
    try {
        const RunStore second(executor, settings_of(file));
    } catch (const std::runtime_error& error) {
        message = error.what();
    }
    EXPECT_THAT(message, HasSubstr("runs.db is in use by another server"));
    co_return;
}

TEST(RunStore, BelongsToOneServerAtATime) {
    const TemporaryFolder folder;
    run_with([&](asio::any_io_executor executor) { return is_one_servers(executor, folder.file("runs.db")); });
    EXPECT_EQ(refusal(folder.file("runs.db")), "opened") << "and is free when that has gone";
}

TEST(RunDatabase, OutlivedAreTheEarliestBeyondThoseToKeepAndTheOld) {
    const TemporaryFolder folder;
    RunWriter writer(folder.file("runs.db"));
    std::vector<RunRow> rows;
    const WallTime noon = read_wall_time("2026-01-31T12:00:00Z").value();
    for (int i = 0; i < 5; ++i) {
        rows.push_back(writer.add(run_named(std::to_string(i), "2026-01-31T12:00:00Z")));
        writer.end(rows.back(), "accepted", noon + std::chrono::hours(i), {}, "{}");
    }
    writer.add(run_named("running", "2020-01-31T12:00:00Z"));
    EXPECT_THAT(writer.outlived(5, std::nullopt, 10), IsEmpty()) << "one that runs does not count";
    EXPECT_THAT(writer.outlived(3, std::nullopt, 10), ElementsAre(rows[0], rows[1]));
    EXPECT_THAT(writer.outlived(3, std::nullopt, 1), ElementsAre(rows[0]));
    EXPECT_THAT(writer.outlived(5, noon + std::chrono::hours(2), 10), ElementsAre(rows[0], rows[1]));
    EXPECT_THAT(writer.outlived(2, noon + std::chrono::hours(1), 10), ElementsAre(rows[0], rows[1], rows[2]));
}

}  // namespace
}  // namespace enough::test
