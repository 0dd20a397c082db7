#include <enough/agents/cache.hpp>

#include "agents/recording_sink.hpp"
#include "failure_kind.hpp"
#include "support/run.hpp"
#include "support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>

namespace enough {
namespace {

using test::RecordingSink;
using test::TemporaryFolder;
using testing::HasSubstr;
using testing::ThrowsMessage;

Token token(std::string bytes) {
    Token out;
    out.bytes = std::move(bytes);
    out.logprob = -0.5;
    out.candidates = {{out.bytes, -0.5}, {"other", -1.5}};
    return out;
}

/// Answers each call with the number of calls so far, two tokens long.
class Counting final : public Agent {
public:
    explicit Counting(int& asked) : asked_(asked) {}

    Task<Result<Answer>> ask(Request request) override {
        ++asked_;
        if (fail) co_return make_failure(FailureKind::overloaded, "no");
        Answer answer = proto;
        answer.text = std::to_string(asked_) + "!";
        bool stop = false;
        if (request.sink != nullptr && restarts) {
            request.sink->on_token(token("lost"));
            request.sink->on_restart();
        }
        for (const auto& part : {std::to_string(asked_), std::string("!")}) {
            if (request.sink == nullptr || stop) continue;
            if (request.top_logprobs > 0) stop = request.sink->on_token(token(part)) == Flow::stop;
            request.sink->on_text(Phase::answer, part);
        }
        if (stop) answer.finish_reason = FinishReason::stopped_early;
        answer.usage = {.input_tokens = 20, .output_tokens = 7, .reasoning_tokens = 5};
        answer.reported_output_tokens = 7;
        answer.latency = std::chrono::milliseconds(900);
        co_return answer;
    }

    Answer proto;
    bool fail = false;
    bool restarts = false;

private:
    int& asked_;
};

struct Fixture {
    Fixture() { make(); }

    void make(const std::string& identity = "id") {
        auto inner = std::make_unique<Counting>(asked);
        model = inner.get();
        agent = make_caching(std::move(inner), "m", identity, std::make_shared<AnswerCache>(file));
    }
    Result<Answer> ask(const Request& request) { return test::run(agent->ask(request)); }

    TemporaryFolder folder;
    std::string file = folder.file("cache.db");
    int asked = 0;
    Counting* model = nullptr;
    std::unique_ptr<Agent> agent;
};

Request question() {
    Request request;
    request.messages = {{Role::user, "What is 4 + 4?"}};
    request.sampling.temperature = 0.7;
    request.top_logprobs = 20;
    return request;
}

TEST(CachingAgent, AnswersAnEqualRequestAtOnceAndForNothing) {
    Fixture fixture;
    const auto first = fixture.ask(question());
    EXPECT_FALSE(first->from_cache);
    EXPECT_EQ(first->usage.output_tokens, 7);
    fixture.make();  // another process, as it were
    RecordingSink sink;
    auto request = question();
    request.sink = &sink;
    const auto second = fixture.ask(request);
    EXPECT_EQ(fixture.asked, 1);
    EXPECT_TRUE(second->from_cache);
    EXPECT_EQ(second->text, "1!");
    EXPECT_EQ(second->usage, Usage());
    EXPECT_EQ(second->reported_output_tokens, 7) << "the evidence is still measured against it";
    EXPECT_EQ(second->reported_reasoning_tokens, 5);
    EXPECT_EQ(second->latency.count(), 0);
    EXPECT_EQ(sink.sent, 0);
}

TEST(CachingAgent, ShowsTheEvidenceAgain) {
    Fixture fixture;
    RecordingSink first;
    RecordingSink second;
    for (auto* sink : {&first, &second}) {
        auto request = question();
        request.sink = sink;
        fixture.ask(request);
    }
    EXPECT_EQ(fixture.asked, 1);
    EXPECT_EQ(second.tokens, first.tokens);
    EXPECT_EQ(second.tokens.size(), 2U);
    EXPECT_EQ(second.text, "1!");
}

TEST(CachingAgent, ForgetsWhatFailedAttemptsShowed) {
    Fixture fixture;
    fixture.model->restarts = true;
    RecordingSink first;
    RecordingSink second;
    for (auto* sink : {&first, &second}) {
        auto request = question();
        request.sink = sink;
        fixture.ask(request);
    }
    EXPECT_EQ(second.restarts, 0);
    EXPECT_EQ(second.tokens, first.tokens);
}

TEST(CachingAgent, ASinkMayStopAStoredAnswer) {
    Fixture fixture;
    RecordingSink all;
    auto request = question();
    request.sink = &all;
    fixture.ask(request);
    RecordingSink impatient(1);
    request.sink = &impatient;
    const auto cut = fixture.ask(request);
    EXPECT_EQ(fixture.asked, 1);
    EXPECT_EQ(cut->finish_reason, FinishReason::stopped_early);
    EXPECT_EQ(cut->text, "1");
    EXPECT_EQ(cut->usage.output_tokens, 0);
}

TEST(CachingAgent, WhateverMattersMakesAnotherQuestion) {
    const std::vector<std::function<void(Request&)>> changes = {
        [](Request& request) { request.messages[0].content += " "; },
        [](Request& request) { request.messages[0].role = Role::system; },
        [](Request& request) { request.messages.push_back({Role::assistant, ""}); },
        [](Request& request) { request.sampling.temperature = 0.8; },
        [](Request& request) { request.sampling.temperature.reset(); },
        [](Request& request) { request.sampling.top_p = 0.9; },
        [](Request& request) { request.sampling.seed = 1; },
        [](Request& request) { request.sampling.max_tokens = 10; },
        [](Request& request) { request.sampling.stop = {"END"}; },
        [](Request& request) { request.sampling.reasoning_effort = "low"; },
        [](Request& request) { request.top_logprobs = 19; },
        [](Request& request) { request.tools = {{"add", "adds", "{}"}}; },
        [](Request& request) { request.tools_forbidden = true; },
        [](Request& request) { request.streamed = false; },
        [](Request& request) { request.sample = 1; },
    };
    Fixture fixture;
    fixture.ask(question());
    int asked = 1;
    for (const auto& change : changes) {
        auto request = question();
        change(request);
        fixture.ask(request);
        EXPECT_EQ(fixture.asked, ++asked) << "change " << asked - 2;
        fixture.ask(request);
        EXPECT_EQ(fixture.asked, asked);
    }
    auto same = question();
    same.run = 9;
    same.deadline = Deadline::after(std::chrono::hours(1));
    EXPECT_TRUE(fixture.ask(same)->from_cache) << "who asks and until when does not matter";
    fixture.make("another");
    fixture.ask(question());
    EXPECT_EQ(fixture.asked, asked + 1);
}

TEST(CachingAgent, KeepsCompleteAnswersAlone) {
    Fixture fixture;
    const auto asks_twice = [&](const char* why) {
        const int before = fixture.asked;
        fixture.ask(question());
        fixture.ask(question());
        EXPECT_EQ(fixture.asked, before + 2) << why;
    };
    fixture.model->fail = true;
    asks_twice("a failure");
    fixture.model->fail = false;
    for (const auto reason : {FinishReason::filter, FinishReason::stopped_early, FinishReason::other}) {
        fixture.model->proto.finish_reason = reason;
        asks_twice("an answer withheld or cut");
    }
    fixture.model->proto.finish_reason = FinishReason::stop;
    fixture.model->proto.logprobs_refused = true;
    asks_twice("no evidence where some was wanted");
    fixture.model->proto.logprobs_refused = false;
    RecordingSink impatient(1);
    auto request = question();
    request.sink = &impatient;
    fixture.ask(request);
    EXPECT_FALSE(fixture.ask(question())->from_cache) << "stopped by its sink";
    for (const auto reason : {FinishReason::length, FinishReason::tool_calls}) {
        auto other = question();
        other.sample = static_cast<int>(reason) + 10;
        fixture.model->proto.finish_reason = reason;
        fixture.ask(other);
        EXPECT_TRUE(fixture.ask(other)->from_cache);
    }
}

TEST(AnswerCache, RefusesFilesThatAreNone) {
    TemporaryFolder folder;
    const auto text = folder.file("notes.txt");
    std::ofstream(text) << "just some notes, long enough to be mistaken for nothing else at all, one would hope so\n"
                        << std::string(200, '-');
    EXPECT_THAT([&] { AnswerCache cache(text); }, ThrowsMessage<std::runtime_error>(text + " is no SQLite database"));
    const auto foreign = folder.file("bookmarks.db");
    SqliteDatabase(foreign).execute("CREATE TABLE bookmarks (url TEXT)");
    EXPECT_THAT([&] { AnswerCache cache(foreign); },
                ThrowsMessage<std::runtime_error>(HasSubstr("not a cache of enough")));
}

TEST(AnswerCache, ADamagedEntryIsAMissAndIsTold) {
    Fixture fixture;
    fixture.ask(question());
    SqliteDatabase(fixture.file).execute("UPDATE answers SET call = '{\"model\":1}'");
    AnswerCache cache(fixture.file);
    auto key = SqliteDatabase(fixture.file).prepare("SELECT key FROM answers");
    ASSERT_TRUE(key.step());
    EXPECT_FALSE(cache.find(key.text(0)));
    EXPECT_THAT(cache.error().value(), HasSubstr("could not be taken from " + fixture.file));
    EXPECT_FALSE(fixture.ask(question())->from_cache);
}

TEST(AnswerCache, TwoProcessesShareAFile) {
    const TemporaryFolder folder;
    const auto file = folder.file("cache.db");
    constexpr int each = 200;
    const auto fill = [&](int first) {
        AnswerCache cache(file);
        for (int i = first; i < first + each; ++i) {
            RecordedCall call;
            call.outcome->text = std::to_string(i);
            cache.keep("key " + std::to_string(i), call);
        }
        return cache.error() ? 1 : 0;
    };
    std::vector<pid_t> children;
    for (int first : {0, each / 2}) {  // they overlap
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) ::_exit(fill(first));
        children.push_back(child);
    }
    for (const pid_t child : children) {
        int status = -1;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
    }
    AnswerCache cache(file);
    for (int i = 0; i < each + each / 2; ++i) {
        const auto call = cache.find("key " + std::to_string(i));
        ASSERT_TRUE(call) << i;
        EXPECT_EQ(call->outcome->text, std::to_string(i));
    }
    EXPECT_EQ(cache.counts().hits, 300U);
}

TEST(CacheIdentity, HoldsWhatTheAnswersDependOnAndNoSecret) {
    OpenAiSettings settings;
    settings.base_url = "http://h/v1";
    settings.model = "m";
    settings.api_key = Secret("sk-marker-key");
    settings.headers["x-marker"] = "marker-header";
    const auto plain = cache_identity(settings).value();
    EXPECT_THAT(plain, testing::Not(HasSubstr("marker")));
    std::vector<std::string> others;
    for (const auto& change : std::vector<std::function<void(OpenAiSettings&)>>{
             [](auto& s) { s.base_url = "http://other/v1"; }, [](auto& s) { s.model = "n"; },
             [](auto& s) { s.extra_body = "{\"top_k\":4}"; }, [](auto& s) { s.profile = OpenAiProfile::vllm; },
             [](auto& s) { s.api = OpenAiApi::native; }, [](auto& s) { s.connection.unix_socket = "/tmp/s"; }}) {
        auto changed = settings;
        change(changed);
        others.push_back(cache_identity(changed).value());
    }
    others.push_back(cache_identity(AnthropicSettings{settings}).value());
    others.push_back(plain);
    std::sort(others.begin(), others.end());
    EXPECT_EQ(std::unique(others.begin(), others.end()), others.end()) << "each is another";
    EXPECT_FALSE(cache_identity(ScriptedSettings()));
}

}  // namespace
}  // namespace enough
