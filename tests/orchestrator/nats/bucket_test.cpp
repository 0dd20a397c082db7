#include "nats_fixture.hpp"

#include "nats/bucket.hpp"

#include <algorithm>

namespace enough::nats {
namespace {

Task<Bucket> bucket_on(const Connection& connection) {
    BucketSettings settings;
    settings.name = "answers";
    const auto made = co_await Bucket::ensure(connection, settings);
    co_return made.value();
}

Task<void> first_writer_wins(std::string url) {
    const auto connection = co_await connected(url);
    const Bucket bucket = co_await bucket_on(*connection);
    const auto none = co_await bucket.get("a");
    EXPECT_FALSE(none.value());
    const auto created = co_await bucket.create("a", "one");
    expect_error(co_await bucket.create("a", "two"), ErrorKind::exists, "'a'");
    const auto entry = co_await bucket.get("a");
    EXPECT_EQ(entry.value()->value, "one");
    EXPECT_EQ(entry.value()->revision, created.value());

    const auto updated = co_await bucket.update("a", "three", created.value());
    EXPECT_GT(updated.value(), created.value());
    expect_error(co_await bucket.update("a", "four", created.value()), ErrorKind::wrong_revision);

    expect_success(co_await bucket.remove("a"));
    const auto removed = co_await bucket.get("a");
    EXPECT_FALSE(removed.value());
    const auto again = co_await bucket.create("a", "five");
    EXPECT_GT(again.value(), updated.value() + 1);
    const auto put = co_await bucket.put("a", "");
    const auto empty = co_await bucket.get("a");
    EXPECT_EQ(empty.value()->value, "");
    const auto last = co_await bucket.last_revision();
    EXPECT_EQ(last.value(), put.value());
}

TEST(NatsBucket, LetsTheFirstWriterWin) {
    const NatsServerProcess server;
    run(first_writer_wins(server.url()));
}

Task<void> settings(std::string url) {
    const auto connection = co_await connected(url);
    BucketSettings wanted;
    wanted.name = "small";
    wanted.max_value_bytes = 10;
    expect_success(co_await Bucket::ensure(*connection, wanted));
    const auto made = co_await Bucket::ensure(*connection, wanted);
    const Bucket bucket = made.value();
    expect_error(co_await bucket.put("a", std::string(1000, 'x')), ErrorKind::too_large);
    wanted.max_value_bytes = 20;
    expect_error(co_await Bucket::ensure(*connection, wanted), ErrorKind::exists);
    wanted.name = "not.a.name";
    expect_error(co_await Bucket::ensure(*connection, wanted), ErrorKind::invalid);
    for (const char* key : {"", "a b", ".a", "a.", "a..b", "*", ">", "ä"})
        expect_error(co_await bucket.put(key, "x"), ErrorKind::invalid);
    expect_success(co_await bucket.destroy());
    expect_error(co_await bucket.get("a"), ErrorKind::not_found);
    expect_error(co_await bucket.put("a", "x"), ErrorKind::not_found);
}

TEST(NatsBucket, KeepsToItsSettings) {
    const NatsServerProcess server;
    run(settings(server.url()));
}

Task<void> lists(std::string url) {
    const auto connection = co_await connected(url);
    const Bucket bucket = co_await bucket_on(*connection);
    const auto none = co_await bucket.keys();
    EXPECT_TRUE(none.value().empty());
    constexpr std::size_t many = 2'000;
    for (std::size_t i = 0; i < many; ++i) {
        std::string key = "run/" + std::to_string(i);
        expect_success(co_await bucket.put(std::move(key), "x"));
    }
    expect_success(co_await bucket.remove("run/7"));
    const auto keys = co_await bucket.keys();
    EXPECT_EQ(keys.value().size(), many - 1);
    EXPECT_EQ(std::count(keys.value().begin(), keys.value().end(), "run/7"), 0);
    EXPECT_EQ(std::count(keys.value().begin(), keys.value().end(), "run/1999"), 1);
}

TEST(NatsBucket, ListsItsKeys) {
    const NatsServerProcess server;
    run(lists(server.url()));
}

}  // namespace
}  // namespace enough::nats
