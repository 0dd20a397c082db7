// `enough serve --store` killed in the middle of runs, started again, and gone on with.

#include "e2e/verb_fixture.hpp"
#include "orchestrator/server_fixture.hpp"

#include "support/fake_openai.hpp"
#include "support/fake_server.hpp"

#include <enough/sqlite/database.hpp>

#include <gmock/gmock.h>

#include <algorithm>
#include <csignal>

#include <poll.h>

namespace enough::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr const char* quick = R"yaml(
version: 1
name: quick
models: {m: {provider: scripted, answers: [{text: done, repeat: true}]}}
agents: {a: {model: m}}
steps: [{id: s, prompt: q, agent: a}]
)yaml";

constexpr const char* cascade = R"yaml(
version: 1
name: cascade
inputs: {question: {type: string}}
models:
  small: {provider: openai, base_url: "${URL}", model: small-1, retry: {attempts: 1}}
  large: {provider: openai, base_url: "${URL}", model: large-1, retry: {attempts: 1}}
agents: {solver: {model: small}, expert: {model: large}}
steps:
  - id: solve
    prompt: "{{ inputs.question }}"
    ladder: [{agent: solver, gate: {signal: entropy.mean, accept: 0.5}}, {agent: expert}]
output: "{{ steps.solve.text }}"
)yaml";

bool is_small(const FakeRequest& request) {
    return request.body.find("small-1") != std::string::npos;
}

/// The small model answers at once and is unsure; the large one thinks until it is released.
void answer_slowly(FakeExchange& exchange) {
    if (is_small(exchange.request())) return stream(exchange, {"perhaps 40", 4});
    if (exchange.stall()) stream(exchange, {"it is 42", 1});
}

std::size_t small_asked(const FakeServer& upstream) {
    const auto requests = upstream.requests();
    return static_cast<std::size_t>(std::count_if(requests.begin(), requests.end(), is_small));
}

/// Looks again and again until it holds, or a minute has passed: another process's files tell nobody when they change.
template <class Condition>
bool becomes_true(const Condition& condition) {
    for (const Deadline limit = Deadline::after(std::chrono::seconds(60)); !limit.expired();) {
        if (condition()) return true;
        ::poll(nullptr, 0, 5);
    }
    return false;
}

class ServeStore : public VerbTest {
protected:
    ServeStore() {
        write("quick.yaml", quick);
        write("cascade.yaml", cascade);
    }

    /// The program itself under a shell's redirection: it keeps its process number, and a test can read where it
    /// listens.
    Program serve(const FakeServer& upstream, const std::string& more = {}) const {
        std::filesystem::remove(folder_.file("serve.err"));
        return Program(
            "/bin/sh",
            {"-c",
             "exec \"$0\" serve quick.yaml cascade.yaml --listen 127.0.0.1:0 --store runs.db " + more + " 2> serve.err",
             ENOUGH_PROGRAM},
            {{"URL", upstream.url("/v1")}}, folder_.path());
    }

    std::string said() const {
        std::ifstream in(folder_.file("serve.err"));
        return {std::istreambuf_iterator<char>(in), {}};
    }

    std::string address() const {
        std::string words;
        EXPECT_TRUE(becomes_true([&] { return (words = said()).find(" (Ctrl-C") != std::string::npos; })) << words;
        const std::size_t begin = words.find("http://") + 7;
        return words.substr(begin, words.find(' ', begin) - begin);
    }

    Reply ask(const std::string& method, const std::string& path, const std::string& body = {}) const {
        Reply reply;
        const std::string at = address();
        run_with([&](asio::any_io_executor executor) { return asked(executor, at, method, path, body, &reply); });
        return reply;
    }

    std::int64_t stored(const std::string& type) const {
        SqliteDatabase file(folder_.file("runs.db"));
        auto count = file.prepare("SELECT count(*) FROM events WHERE type = ?");
        count.bind(1, type).step();
        return count.number(0);
    }

    json report_at_the_end(const std::string& id) const {
        json report;
        EXPECT_TRUE(becomes_true([&] {
            report = ask("GET", "/v1/runs/" + id).json();
            return report.value("status", "") != "running";
        })) << report;
        return report;
    }

private:
    static Task<void> asked(asio::any_io_executor executor, std::string address, std::string method, std::string path,
                            std::string body, Reply* reply) {
        ServerClient client(executor, std::move(address));
        *reply = co_await client.ask(std::move(method), std::move(path), std::move(body));
    }
};

TEST_F(ServeStore, AKilledServerKeepsItsHistoryAndGoesOnWithItsRunsWithoutAskingAgain) {
    FakeServer upstream(answer_slowly);
    json done;
    std::string events;
    std::vector<std::string> cut;
    {
        Program server = serve(upstream);
        done = ask("POST", "/v1/runs?wait=30s", R"({"workflow": "quick"})").json();
        ASSERT_EQ(done.value("status", ""), "accepted") << said();
        events = ask("GET", "/v1/runs/" + std::string(done["run_id"]) + "/events").body;
        for (int i = 0; i < 2; ++i) {
            const Reply begun = ask("POST", "/v1/runs", R"({"workflow": "cascade", "inputs": {"question": "q"}})");
            ASSERT_EQ(begun.status, 202) << begun.body;
            cut.push_back(begun.run_id.value_or(""));
        }
        ASSERT_TRUE(upstream.wait_until([](const auto& counts) { return counts.requests >= 4; }));
        // Both small answers are on disk, and the requests of the large ones.
        ASSERT_TRUE(becomes_true([&] { return stored("call_answered") == 3 && stored("call_requested") == 5; }));
        server.signal(SIGKILL);
        EXPECT_EQ(server.wait().code, 128 + SIGKILL);
    }
    upstream.release();
    {
        Program server = serve(upstream);
        const json page = ask("GET", "/v1/runs").json();
        ASSERT_EQ(page["data"].size(), 3U);
        EXPECT_EQ(page["data"][2], done) << "history is intact";
        EXPECT_EQ(ask("GET", "/v1/runs/" + std::string(done["run_id"]) + "/events").body, events);
        for (std::size_t i = 0; i < 2; ++i) {
            EXPECT_EQ(page["data"][i]["run_id"], cut[1 - i]);
            EXPECT_EQ(page["data"][i]["interrupted"], true);
            EXPECT_EQ(page["data"][i]["steps"]["solve"]["calls"][0]["verdict"], "escalate");
        }
        EXPECT_EQ(ask("POST", "/v1/runs/" + cut[0] + "/resume").status, 202);
        const json report = report_at_the_end(cut[0]);
        EXPECT_EQ(report["status"], "accepted");
        EXPECT_EQ(report["output"], "it is 42");
        EXPECT_EQ(ask("POST", "/v1/runs/" + cut[0] + "/resume").status, 409);
        EXPECT_EQ(small_asked(upstream), 2U) << "an answer that is recorded is not asked again";
        EXPECT_EQ(upstream.requests().size(), 5U);
        server.signal(SIGTERM);
        EXPECT_EQ(server.wait().code, 0) << said();
    }
    Program server = serve(upstream, "--resume");
    EXPECT_EQ(report_at_the_end(cut[1])["status"], "accepted");
    EXPECT_THAT(said(), HasSubstr("1 interrupted run(s) resumed"));
    EXPECT_EQ(small_asked(upstream), 2U);
    EXPECT_EQ(upstream.requests().size(), 6U);
    EXPECT_EQ(ask("GET", "/v1/runs?status=accepted").json()["data"].size(), 3U);
    server.signal(SIGTERM);
    EXPECT_EQ(server.wait().code, 0);
}

TEST_F(ServeStore, BadUseIsExplained) {
    write("letter.txt", "Dear Sir or Madam, this is no database at all, and never was one.");
    const auto letter = enough({"serve", "quick.yaml", "--listen", "127.0.0.1:0", "--store", "letter.txt"});
    EXPECT_EQ(letter.code, 2);
    EXPECT_THAT(letter.err, HasSubstr("letter.txt is no SQLite database"));
    const auto resume = enough({"serve", "quick.yaml", "--listen", "127.0.0.1:0", "--resume"});
    EXPECT_EQ(resume.code, 2);
    EXPECT_THAT(resume.err, HasSubstr("--resume needs --store FILE"));
    const auto none = enough({"serve", "quick.yaml", "--store", "runs.db", "--keep-runs", "0"});
    EXPECT_EQ(none.code, 2);
    EXPECT_THAT(none.err, HasSubstr("--keep-runs"));
}

}  // namespace
}  // namespace enough::test
