#include "nats_fixture.hpp"

#include "nats/bucket_feed.hpp"

#include <enough/async/with_deadline.hpp>

#include <cstddef>
#include <string>

namespace enough::nats {
namespace {

Task<Bucket> bucket_on(const Connection& connection) {
    BucketSettings settings;
    settings.name = "results";
    const auto made = co_await Bucket::ensure(connection, settings, 10s);
    co_return made.value();
}

Task<void> in_order(std::string url) {
    const auto connection = co_await connected(url);
    const Bucket bucket = co_await bucket_on(*connection);
    expect_success(co_await bucket.put("a", "1"));
    expect_success(co_await bucket.put("b", "2"));
    BucketFeed feed(bucket);
    const auto both = co_await feed.next(10, 1s);
    EXPECT_EQ(both.value().size(), 2u);
    EXPECT_EQ(both.value().at(0).key, "a");
    EXPECT_EQ(both.value().at(1).value, "2");
    EXPECT_EQ(both.value().at(1).revision, 2u);
    EXPECT_EQ(feed.next_revision(), 3u);
    const auto nothing = co_await feed.next(10, 50ms);
    EXPECT_TRUE(nothing.value().empty());

    expect_success(co_await bucket.remove("a"));
    const auto removed = co_await feed.next(10, 1s);
    EXPECT_EQ(removed.value().size(), 1u);
    EXPECT_EQ(removed.value().at(0).operation, BucketChange::Operation::removed);
    EXPECT_EQ(removed.value().at(0).key, "a");

    BucketFeed later(bucket, 3);
    const auto last = co_await later.next(10, 1s);
    EXPECT_EQ(last.value().size(), 1u);
    EXPECT_EQ(last.value().at(0).revision, 3u);

    expect_success(co_await bucket.destroy());
    bool gone = false;
    for (int i = 0; i < 5 && !gone; ++i) {
        const auto next = co_await feed.next(10, 200ms);
        gone = !next && next.error().kind == ErrorKind::not_found;
    }
    EXPECT_TRUE(gone);
}

TEST(NatsBucketFeed, GivesAllChangesInOrder) {
    const NatsServerProcess server;
    run(in_order(server.url()));
}

/// Reads until `count` changes have come, which must be all, in order, each once.
Task<void> read_all(BucketFeed* feed, std::size_t count) {
    std::size_t seen = 0;
    std::uint64_t last = feed->next_revision() - 1;
    const Deadline deadline = Deadline::after(15s);
    while (seen < count && !deadline.expired()) {
        const auto batch = co_await feed->next(7, 200ms);
        expect_success(batch);
        for (const BucketChange& change : batch.value()) {
            EXPECT_EQ(change.revision, last + 1);
            last = change.revision;
            ++seen;
        }
    }
    EXPECT_EQ(seen, count);
}

Task<void> write_some(Bucket bucket, std::string prefix, int count) {
    for (int i = 0; i < count; ++i) {
        std::string key = prefix + std::to_string(i);
        expect_success(co_await bucket.put(std::move(key), "x"));
    }
}

Task<void> across_crashes(NatsServerProcess* server) {
    const auto connection = co_await connected(server->url());
    const Bucket bucket = co_await bucket_on(*connection);
    BucketFeed feed(bucket);
    for (const char* round : {"a", "b", "c"}) {
        co_await write_some(bucket, std::string(round) + "/before/", 20);
        const auto some = co_await feed.next(5, 1s);  // the rest is to be found after the crash
        expect_success(some);
        const std::size_t taken = some.value().size();
        server->kill();
        const auto away = co_await feed.next(5, 50ms);
        EXPECT_TRUE(away.value().empty());
        server->start();
        co_await write_some(bucket, std::string(round) + "/after/", 20);
        co_await read_all(&feed, 40 - taken);
    }
}

TEST(NatsBucketFeed, HasNoGapAcrossCrashesOfTheServer) {
    NatsServerProcess server;
    run(across_crashes(&server));
}

Task<void> next_for_long(BucketFeed* feed) {
    co_await feed->next(10, 60s);
}

Task<void> cancelled(std::string url) {
    const auto connection = co_await connected(url);
    const Bucket bucket = co_await bucket_on(*connection);
    BucketFeed feed(bucket);
    for (int i = 0; i < 3; ++i) {
        bool over = false;
        try {
            co_await with_deadline(next_for_long(&feed), Deadline::after(50ms));
        } catch (const DeadlineExceeded&) {
            over = true;
        }
        EXPECT_TRUE(over);
    }
    co_await write_some(bucket, "a", 5);
    co_await read_all(&feed, 5);
}

TEST(NatsBucketFeed, LosesNothingWhenCancelled) {
    const NatsServerProcess server;
    run(cancelled(server.url()));
}

}  // namespace
}  // namespace enough::nats
