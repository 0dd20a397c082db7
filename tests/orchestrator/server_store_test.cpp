// A server's history: what is served of runs that are no longer in memory, and going on with interrupted ones.

#include "orchestrator/server_fixture.hpp"
#include "serve/run_store.hpp"

#include "support/run_workflow.hpp"
#include "support/temporary_folder.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/asio/this_coro.hpp>

#include <algorithm>

namespace enough::test {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr const char* start_cascade = R"({"workflow": "cascade", "inputs": {"question": "q"}})";

ServeSettings with_store(const TemporaryFolder& folder) {
    ServeSettings settings = on_any_port();
    settings.store.file = folder.file("runs.db");
    return settings;
}

std::vector<std::string> ids_of(const json& page) {
    std::vector<std::string> ids;
    for (const json& run : page.at("data"))
        ids.push_back(run.at("run_id"));
    return ids;
}

Task<std::vector<std::string>> run_some(ServerClient* client, int count) {
    std::vector<std::string> ids;
    for (int i = 0; i < count; ++i) {
        const Reply reply = co_await client->ask("POST", "/v1/runs?wait=10s", start_cascade);
        EXPECT_EQ(reply.json().value("status", ""), "accepted");
        ids.push_back(reply.run_id.value_or(""));
    }
    co_return ids;
}

/// What a server knew, for another one to know.
struct History {
    std::vector<std::string> ids;
    std::string list;
    std::string events;  ///< of the first run
};

Task<void> make_history(ServerClient* client, History* history) {
    history->ids = co_await run_some(client, 5);
    const Reply page = co_await client->ask("GET", "/v1/runs");
    history->list = page.body;
    const Reply log = co_await client->ask("GET", "/v1/runs/" + history->ids.front() + "/events");
    history->events = log.body;
}

Task<void> know_history(ServerClient* client, const History* history) {
    const auto& ids = history->ids;
    const Reply page = co_await client->ask("GET", "/v1/runs");
    EXPECT_EQ(page.body, history->list);
    EXPECT_THAT(ids_of(page.json()), ElementsAre(ids[4], ids[3], ids[2], ids[1], ids[0]));
    const Reply one = co_await client->ask("GET", "/v1/runs/" + ids[2]);
    EXPECT_EQ(one.json(), page.json()["data"][2]);
    const Reply log = co_await client->ask("GET", "/v1/runs/" + ids[0] + "/events");
    EXPECT_EQ(log.body, history->events);
    const std::string rest = co_await client->raw("GET /v1/runs/" + ids[0] +
                                                  "/events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: 3\r\n"
                                                  "Connection: close\r\n\r\n");
    EXPECT_THAT(rest, Not(HasSubstr("id: 3\n")));
    EXPECT_THAT(rest, HasSubstr("id: 4\n"));
    const Reply ended = co_await client->ask("DELETE", "/v1/runs/" + ids[0]);
    EXPECT_EQ(ended.json()["status"], "accepted") << "it has ended already";
    const Reply none = co_await client->ask("GET", "/v1/runs/nobody");
    EXPECT_EQ(none.status, 404);
    const Reply no_log = co_await client->ask("GET", "/v1/runs/nobody/events");
    EXPECT_EQ(no_log.status, 404);
}

TEST(ServerStore, KeepsHistoryBeyondTheServer) {
    const TemporaryFolder folder;
    History history;
    const auto make = [&](ServerClient* client, Server*) { return make_history(client, &history); };
    with_server({scripted_cascade}, make, with_store(folder));
    ASSERT_EQ(history.ids.size(), 5U);
    EXPECT_THAT(history.events, HasSubstr("event: run_finished"));
    const auto know = [&](ServerClient* client, Server*) { return know_history(client, &history); };
    with_server({scripted_cascade}, know, with_store(folder));
}

Task<void> pages(ServerClient* client, Server*) {
    const auto old = co_await run_some(client, 3);
    const Reply slow = co_await client->ask("POST", "/v1/runs", R"({"workflow": "slow"})");
    EXPECT_EQ(slow.status, 202);
    const auto ids = co_await run_some(client, 2);
    // In memory and in the store, as one list.
    std::vector<std::string> listed;
    std::string after;
    for (int page = 0; page < 5; ++page) {
        const Reply reply = co_await client->ask("GET", "/v1/runs?limit=2" + after);
        const json body = reply.json();
        for (const std::string& id : ids_of(body))
            listed.push_back(id);
        if (body["next"].is_null()) break;
        EXPECT_EQ(body["next"], listed.back());
        after = "&before=" + listed.back();
    }
    EXPECT_THAT(listed, ElementsAre(ids[1], ids[0], slow.run_id.value_or(""), old[2], old[1], old[0]));

    const Reply running = co_await client->ask("GET", "/v1/runs?status=running");
    EXPECT_THAT(ids_of(running.json()), ElementsAre(*slow.run_id));
    const Reply cascades = co_await client->ask("GET", "/v1/runs?workflow=cascade&status=accepted&limit=100");
    EXPECT_EQ(cascades.json()["data"].size(), 5U);
    EXPECT_TRUE(cascades.json()["next"].is_null());
    const Reply future = co_await client->ask("GET", "/v1/runs?since=2099-01-01T00:00:00Z");
    EXPECT_TRUE(future.json()["data"].empty());
    const Reply past = co_await client->ask("GET", "/v1/runs?until=2020-01-01T00:00:00Z");
    EXPECT_TRUE(past.json()["data"].empty());
    const Reply both = co_await client->ask("GET", "/v1/runs?since=1577836800&until=4070908800");
    EXPECT_EQ(both.json()["data"].size(), 6U);
    for (const char* bad : {"since=soon", "until=12:00", "limit=0", "limit=101", "limit=x", "status=gone"}) {
        const Reply refused = co_await client->ask("GET", std::string("/v1/runs?") + bad);
        EXPECT_EQ(refused.status, 400) << bad;
        EXPECT_EQ(refused.json()["error"]["param"], std::string(bad).substr(0, std::string(bad).find('='))) << bad;
    }
    const Reply unknown = co_await client->ask("GET", "/v1/runs?before=nobody");
    EXPECT_EQ(unknown.status, 404);
    const Reply resumed = co_await client->ask("POST", "/v1/runs/" + *slow.run_id + "/resume");
    EXPECT_EQ(resumed.status, 409);
    EXPECT_THAT(resumed.error(), HasSubstr("it is running"));
    const Reply cancelled = co_await client->ask("DELETE", "/v1/runs/" + *slow.run_id);
    EXPECT_EQ(cancelled.json()["status"], "cancelled");
    const Reply stored = co_await client->ask("GET", "/v1/runs?status=cancelled");
    EXPECT_THAT(ids_of(stored.json()), ElementsAre(*slow.run_id)) << "at once: its end was told when it was stored";
}

constexpr const char* slow_workflow = R"yaml(
version: 1
name: slow
models: {m: {provider: scripted, answers: [{text: late, delay: 60s, repeat: true}]}}
agents: {a: {model: m}}
steps: [{id: s, prompt: q, agent: a}]
)yaml";

TEST(ServerStore, ListsWhatRunsAndWhatHasEndedAsOneFilteredAndInPages) {
    const TemporaryFolder folder;
    with_server({scripted_cascade, slow_workflow}, pages, with_store(folder));
}

TEST(ServerStore, TheListIsTheSameWithoutAStore) {
    with_server({scripted_cascade, slow_workflow}, pages);
}

/// A store that a server left behind when it was killed after that many events of run `cut`.
Task<void> leave_behind(asio::any_io_executor executor, StoreSettings settings, std::string text, std::size_t events) {
    const std::shared_ptr<const Workflow> workflow = parse_workflow(text);
    json inputs;
    inputs["question"] = "q";
    const Outcome whole = run_workflow(workflow, inputs);
    RunStore store(executor, settings);
    StoredRun run;
    run.id = "cut";
    run.workflow = workflow->name;
    run.workflow_hash = workflow->hash;
    run.created = wall_time_now();
    store.begin(run);
    for (std::size_t i = 0; i < events; ++i) {
        Event event = whole.events[i];
        event.run_id = "cut";
        store.record(event);
    }
    co_return;
}

void leave_behind(const ServeSettings& settings, std::size_t events) {
    run_with([&](asio::any_io_executor executor) {
        return leave_behind(executor, settings.store, scripted_cascade, events);
    });
}

constexpr std::size_t first_answer_in = 6;  // run_started … call_answered, call_judged, call_requested

/// The report of a run when it has ended.
Task<json> ended_report(ServerClient* client, std::string id) {
    for (int i = 0; i < 500; ++i) {
        const Reply reply = co_await client->ask("GET", "/v1/runs/" + id);
        json report = reply.json();
        if (report.value("status", "") != "running") co_return report;
    }
    co_return json();
}

Task<void> resumes(ServerClient* client, Server*) {
    const Reply cut = co_await client->ask("GET", "/v1/runs/cut");
    const json report = cut.json();
    EXPECT_EQ(report["status"], "failed") << "for programs that wait for an end";
    EXPECT_EQ(report["interrupted"], true);
    EXPECT_THAT(std::string(report["error"]), HasSubstr("/resume"));
    EXPECT_TRUE(report["output"].is_null());
    EXPECT_EQ(report["steps"]["solve"]["calls"][0]["verdict"], "escalate") << "what is known is told";
    const Reply listed = co_await client->ask("GET", "/v1/runs?status=interrupted");
    EXPECT_EQ(listed.json()["data"].size(), 1U);
    EXPECT_EQ(listed.json()["data"][0], report);
    const Reply log = co_await client->ask("GET", "/v1/runs/cut/events");
    EXPECT_THAT(log.body, HasSubstr(fmt::format("id: {}\n", first_answer_in)));
    EXPECT_THAT(log.body, Not(HasSubstr(fmt::format("id: {}\n", first_answer_in + 1))));

    const Reply resumed = co_await client->ask("POST", "/v1/runs/cut/resume");
    EXPECT_EQ(resumed.status, 202);
    EXPECT_EQ(resumed.run_id, "cut");
    const json whole = co_await ended_report(client, "cut");
    EXPECT_EQ(whole["status"], "accepted");
    EXPECT_EQ(whole["output"], "it is 42");
    EXPECT_FALSE(whole.contains("interrupted"));
    EXPECT_EQ(whole["usage"]["calls"], 2);
    const Reply again = co_await client->ask("POST", "/v1/runs/cut/resume");
    EXPECT_EQ(again.status, 409);
    EXPECT_THAT(again.error(), HasSubstr("has ended: accepted"));
    const Reply wrong = co_await client->ask("GET", "/v1/runs/cut/resume");
    EXPECT_EQ(wrong.status, 405);
    const Reply nobody = co_await client->ask("POST", "/v1/runs/nobody/resume");
    EXPECT_EQ(nobody.status, 404);
}

TEST(ServerStore, AnInterruptedRunIsShownAndCanBeResumed) {
    const TemporaryFolder folder;
    const ServeSettings settings = with_store(folder);
    leave_behind(settings, first_answer_in);
    with_server({scripted_cascade}, resumes, settings);
}

Task<void> has_resumed(ServerClient* client, Server*) {
    const json whole = co_await ended_report(client, "cut");
    EXPECT_EQ(whole["status"], "accepted");
}

Task<void> resume_cut(ServerClient* client, std::vector<int>* statuses) {
    const Reply reply = co_await client->ask("POST", "/v1/runs/cut/resume");
    statuses->push_back(reply.status);
}

Task<void> resumes_at_once(ServerClient* client, std::vector<int>* statuses) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    TaskGroup group(executor);
    for (int i = 0; i < 8; ++i)
        group.spawn(resume_cut(client, statuses));
    co_await group.join();
    const json whole = co_await ended_report(client, "cut");
    EXPECT_EQ(whole["status"], "accepted");
    const Reply log = co_await client->ask("GET", "/v1/runs/cut/events");
    const std::size_t first = log.body.find("event: run_finished");
    EXPECT_NE(first, std::string::npos);
    EXPECT_EQ(log.body.find("event: run_finished", first + 1), std::string::npos);
}

TEST(ServerStore, OfManyWhoResumeARunAtOnceOneDoes) {
    const TemporaryFolder folder;
    const ServeSettings settings = with_store(folder);
    leave_behind(settings, first_answer_in);
    std::vector<int> statuses;
    const auto visit = [&](ServerClient* client, Server*) { return resumes_at_once(client, &statuses); };
    with_server({scripted_cascade}, visit, settings);
    EXPECT_EQ(std::count(statuses.begin(), statuses.end(), 202), 1);
    EXPECT_EQ(std::count(statuses.begin(), statuses.end(), 409), 7);
}

TEST(ServerStore, ResumesAllAtTheStartWhereItIsToldTo) {
    const TemporaryFolder folder;
    ServeSettings settings = with_store(folder);
    leave_behind(settings, first_answer_in);
    std::vector<std::string> notices;
    settings.store.resume = true;
    settings.store.notice = [&](const std::string& words) { notices.push_back(words); };
    with_server({scripted_cascade}, has_resumed, settings);
    EXPECT_THAT(notices, ElementsAre("1 interrupted run(s) resumed"));
}

Task<void> is_refused(ServerClient* client, std::string why) {
    const Reply refused = co_await client->ask("POST", "/v1/runs/cut/resume");
    EXPECT_EQ(refused.status, 409);
    EXPECT_THAT(refused.error(), HasSubstr(why));
    const Reply shown = co_await client->ask("GET", "/v1/runs/cut");
    EXPECT_EQ(shown.json()["interrupted"], true);
    EXPECT_TRUE(shown.json()["usage"].is_null()) << "what can't be known is not made up";
}

void expect_not_resumable(const std::string& workflow, const std::string& why) {
    const TemporaryFolder folder;
    ServeSettings settings = with_store(folder);
    leave_behind(settings, first_answer_in);
    std::vector<std::string> notices;
    settings.store.resume = true;
    settings.store.notice = [&](const std::string& words) { notices.push_back(words); };
    const auto visit = [&](ServerClient* client, Server*) { return is_refused(client, why); };
    with_server({workflow}, visit, settings);
    EXPECT_THAT(notices, ElementsAre(HasSubstr("0 of 1 interrupted runs resumed; run cut: " + why)));
}

TEST(ServerStore, DoesNotResumeUnderAnotherVersionOfTheWorkflow) {
    std::string changed = scripted_cascade;
    changed.replace(changed.find("it is 42"), 8, "it is 43");
    expect_not_resumable(changed, "workflow 'cascade' has changed");
}

TEST(ServerStore, DoesNotResumeAWorkflowThatIsNotServed) {
    expect_not_resumable(slow_workflow, "workflow 'cascade' is not served");
}

Task<void> goes_on_in_memory(ServerClient* client, Server* server, std::string file) {
    const auto stored = co_await run_some(client, 1);
    SqliteDatabase(file).execute(
        "CREATE TRIGGER refuse BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, "
        "'database or disk is full'); END");
    const auto ids = co_await run_some(client, 2);
    const Reply page = co_await client->ask("GET", "/v1/runs");
    EXPECT_THAT(ids_of(page.json()), ElementsAre(ids[1], ids[0], stored[0]));
    const Reply ready = co_await client->ask("GET", "/readyz");
    EXPECT_EQ(ready.status, 200) << "it serves";
    EXPECT_THAT(ready.body, HasSubstr("runs are not being stored"));
    SqliteDatabase(file).execute("DROP TRIGGER refuse");
    const auto later = co_await run_some(client, 1);
    const Reply well = co_await client->ask("GET", "/readyz");
    EXPECT_EQ(well.body, "ready\n");
    const Reply all = co_await client->ask("GET", "/v1/runs");
    EXPECT_THAT(ids_of(all.json()), ElementsAre(later[0], ids[1], ids[0], stored[0]));
    EXPECT_FALSE(server->address().empty());
}

TEST(ServerStore, ServesFromMemoryWhileTheDiskRefuses) {
    const TemporaryFolder folder;
    const ServeSettings settings = with_store(folder);
    const auto visit = [&](ServerClient* client, Server* server) {
        return goes_on_in_memory(client, server, settings.store.file.string());
    };
    with_server({scripted_cascade}, visit, settings);
}

Task<void> removes_the_earliest(ServerClient* client, Server*) {
    const auto ids = co_await run_some(client, 6);
    std::vector<std::string> left;
    // Within a second of the last end; looked at until then.
    const Deadline limit = Deadline::after(std::chrono::seconds(15));
    do {
        const Reply page = co_await client->ask("GET", "/v1/runs");
        left = ids_of(page.json());
    } while (left.size() > 2 && !limit.expired());
    EXPECT_THAT(left, ElementsAre(ids[5], ids[4]));
    const Reply gone = co_await client->ask("GET", "/v1/runs/" + ids[0]);
    EXPECT_EQ(gone.status, 404);
}

TEST(ServerStore, KeepsAsManyRunsAsItIsTold) {
    const TemporaryFolder folder;
    ServeSettings settings = with_store(folder);
    settings.store.keep_runs = 2;
    with_server({scripted_cascade}, removes_the_earliest, settings);
}

Task<void> never(ServerClient*, Server*) {
    co_return;
}

TEST(ServerStore, DoesNotStartOnAFileOfSomethingElse) {
    const TemporaryFolder folder;
    SqliteDatabase(folder.file("runs.db")).execute("CREATE TABLE t (x)");
    EXPECT_THAT(
        [&] { with_server({scripted_cascade}, never, with_store(folder)); },
        testing::ThrowsMessage<std::invalid_argument>(HasSubstr("something else, not a store of enough's runs")));
}

}  // namespace
}  // namespace enough::test
