#include "nats_fixture.hpp"

#include "nats/jet_stream.hpp"

namespace enough::nats {
namespace {

StreamSettings jobs() {
    StreamSettings settings;
    settings.name = "jobs";
    settings.subjects = {"jobs.>"};
    return settings;
}

Task<void> equal_or_exists(std::string url) {
    const auto connection = co_await connected(url);
    const JetStream streams(*connection);
    expect_success(co_await streams.ensure_stream(jobs()));
    expect_success(co_await streams.ensure_stream(jobs()));
    StreamSettings other = jobs();
    other.max_messages = 5;
    expect_error(co_await streams.ensure_stream(other), ErrorKind::exists, "'jobs'");
    other = jobs();
    other.name = "rival";
    expect_error(co_await streams.ensure_stream(other), ErrorKind::exists, "overlap");
    other.name = "no.name";
    expect_error(co_await streams.ensure_stream(other), ErrorKind::invalid);
    expect_success(co_await streams.delete_stream("jobs"));
    expect_error(co_await streams.delete_stream("jobs"), ErrorKind::not_found);
}

TEST(NatsStream, IsThereOnceWithItsSettings) {
    const NatsServerProcess server;
    run(equal_or_exists(server.url()));
}

Task<void> duplicates(std::string url) {
    const auto connection = co_await connected(url);
    const JetStream streams(*connection);
    expect_success(co_await streams.ensure_stream(jobs()));
    const auto first = co_await streams.publish("jobs.a", "one", "id-1");
    const auto again = co_await streams.publish("jobs.a", "one", "id-1");
    const auto other = co_await streams.publish("jobs.b", "two", "id-2");
    EXPECT_EQ(first.value().sequence, 1u);
    EXPECT_FALSE(first.value().duplicate);
    EXPECT_EQ(again.value().sequence, 1u);
    EXPECT_TRUE(again.value().duplicate);
    EXPECT_EQ(other.value().sequence, 2u);

    const auto info = co_await streams.stream_info("jobs");
    EXPECT_EQ(info.value().messages, 2u);
    EXPECT_EQ(info.value().first_sequence, 1u);
    EXPECT_EQ(info.value().last_sequence, 2u);
    EXPECT_GT(info.value().bytes, 0u);

    const auto last = co_await streams.last_message("jobs", "jobs.b");
    EXPECT_EQ(last.value()->payload, "two");
    EXPECT_EQ(last.value()->sequence, 2u);
    EXPECT_EQ(last.value()->subject, "jobs.b");
    const auto none = co_await streams.last_message("jobs", "jobs.c");
    EXPECT_FALSE(none.value());
    expect_error(co_await streams.last_message("nowhere", "jobs.c"), ErrorKind::not_found);

    expect_success(co_await streams.purge("jobs", "jobs.a"));
    const auto purged = co_await streams.stream_info("jobs");
    EXPECT_EQ(purged.value().messages, 1u);
}

TEST(NatsStream, TakesAMessageOfOneIdOnce) {
    const NatsServerProcess server;
    run(duplicates(server.url()));
}

Task<void> limits(std::string url) {
    const auto connection = co_await connected(url);
    const JetStream streams(*connection);
    StreamSettings small = jobs();
    small.max_messages = 1;
    expect_success(co_await streams.ensure_stream(small));
    expect_success(co_await streams.publish("jobs.a", std::string("\0binary\xff", 8), ""));
    const auto kept = co_await streams.last_message("jobs", "jobs.a");
    EXPECT_EQ(kept.value()->payload, std::string("\0binary\xff", 8));
    expect_error(co_await streams.publish("jobs.a", "y", ""), ErrorKind::no_space, "maximum messages exceeded");
    std::string large(2u << 20, 'x');
    expect_error(co_await streams.publish("jobs.a", std::move(large), ""), ErrorKind::too_large, "1048576");
    expect_error(co_await streams.publish("elsewhere", "y", ""), ErrorKind::not_found, "'elsewhere'");
    expect_error(co_await streams.publish("has space", "y", ""), ErrorKind::invalid, "'has space'");
}

TEST(NatsStream, RefusesWhatItCanNotHold) {
    const NatsServerProcess server;
    run(limits(server.url()));
}

Task<void> until_full(std::string url) {
    const auto connection = co_await connected(url);
    const JetStream streams(*connection);
    expect_success(co_await streams.ensure_stream(jobs()));
    for (int i = 0; i < 100; ++i) {
        std::string payload(100'000, 'x');
        const auto stored = co_await streams.publish("jobs.a", std::move(payload), "");
        if (!stored) {
            expect_error(stored, ErrorKind::no_space);
            co_return;
        }
    }
    ADD_FAILURE() << "the server took more than its store holds";
}

TEST(NatsStream, SaysThatTheServerIsFull) {
    NatsServerSettings settings;
    settings.max_file_store = "1MB";
    const NatsServerProcess server(settings);
    run(until_full(server.url()));
}

Task<void> before_and_after_a_crash(NatsServerProcess* server) {
    const auto connection = co_await connected(server->url());
    const JetStream streams(*connection, 10s);
    expect_success(co_await streams.ensure_stream(jobs()));
    expect_success(co_await streams.publish("jobs.a", "one", "id-1"));
    server->kill();
    server->start();
    const auto again = co_await streams.publish("jobs.a", "one", "id-1");
    EXPECT_TRUE(again.value().duplicate);
    const auto info = co_await streams.stream_info("jobs");
    EXPECT_EQ(info.value().messages, 1u);
}

TEST(NatsStream, OutlastsTheServersCrash) {
    NatsServerProcess server;
    run(before_and_after_a_crash(&server));
}

}  // namespace
}  // namespace enough::nats
