#include "nats_fixture.hpp"

#include "nats/jet_stream.hpp"

namespace enough::nats {
namespace {

using Clock = std::chrono::steady_clock;

Task<PullConsumer> consumer_of(const JetStream& streams, std::chrono::milliseconds lease) {
    StreamSettings stream;
    stream.name = "jobs";
    stream.subjects = {"jobs.>"};
    stream.retention = Retention::work_queue;
    expect_success(co_await streams.ensure_stream(stream));
    ConsumerSettings settings;
    settings.stream = "jobs";
    settings.name = "workers";
    settings.ack_wait = lease;
    const auto made = co_await streams.ensure_consumer(settings);
    co_return made.value();
}

Task<Delivery> one(PullConsumer consumer, std::chrono::milliseconds wait = 5s) {
    const auto batch = co_await consumer.fetch(1, wait);
    if (batch.value().size() != 1) throw std::runtime_error("no message came");
    co_return batch.value().front();
}

Task<void> fetch_and_ack(std::string url) {
    const auto connection = co_await connected(url);
    const JetStream streams(*connection);
    const PullConsumer consumer = co_await consumer_of(streams, 30s);
    const auto nothing = co_await consumer.fetch(5, 50ms);
    EXPECT_TRUE(nothing.value().empty());
    for (const char* payload : {"a", "b", "c"})
        expect_success(co_await streams.publish("jobs.x", payload, ""));
    const auto batch = co_await consumer.fetch(5, 1s);
    EXPECT_EQ(batch.value().size(), 3u);
    for (const Delivery& delivery : batch.value()) {
        EXPECT_EQ(delivery.subject(), "jobs.x");
        EXPECT_EQ(delivery.times_delivered(), 1u);
        expect_success(co_await delivery.ack());
    }
    EXPECT_EQ(batch.value().at(2).payload(), "c");
    EXPECT_EQ(batch.value().at(2).sequence(), 3u);
    const auto info = co_await streams.stream_info("jobs");
    EXPECT_EQ(info.value().messages, 0u);  // a work queue lets go what was acknowledged
    EXPECT_EQ(info.value().consumers, 1);
}

TEST(NatsPullConsumer, HandsOutAndTakesBack) {
    const NatsServerProcess server;
    run(fetch_and_ack(server.url()));
}

Task<void> lease_ends(std::string url) {
    const auto connection = co_await connected(url);
    const JetStream streams(*connection);
    const PullConsumer consumer = co_await consumer_of(streams, 300ms);
    expect_success(co_await streams.publish("jobs.x", "a", ""));
    const Delivery first = co_await one(consumer);
    const auto start = Clock::now();
    const Delivery second = co_await one(consumer);
    EXPECT_GE(Clock::now() - start, 200ms);
    EXPECT_EQ(second.times_delivered(), 2u);
    EXPECT_EQ(second.sequence(), first.sequence());
    // https://github.com/nats-io/nats-server/issues/4786: the first one's word still counts.
    expect_success(co_await first.ack());
    const auto info = co_await streams.stream_info("jobs");
    EXPECT_EQ(info.value().messages, 0u);
}

TEST(NatsPullConsumer, DeliversAgainWhenTheLeaseEnds) {
    const NatsServerProcess server;
    run(lease_ends(server.url()));
}

Task<void> lease_is_kept(std::string url) {
    const auto connection = co_await connected(url);
    const JetStream streams(*connection);
    const PullConsumer consumer = co_await consumer_of(streams, 600ms);
    expect_success(co_await streams.publish("jobs.x", "a", ""));
    const Delivery delivery = co_await one(consumer);
    for (const auto start = Clock::now(); Clock::now() - start < 2s;) {
        delivery.in_progress();
        const auto more = co_await consumer.fetch(1, 100ms);
        EXPECT_TRUE(more.value().empty());
    }
    expect_success(co_await delivery.ack());
}

TEST(NatsPullConsumer, KeepsTheLeaseOfWhatIsInProgress) {
    const NatsServerProcess server;
    run(lease_is_kept(server.url()));
}

Task<void> nak_and_term(std::string url) {
    const auto connection = co_await connected(url);
    const JetStream streams(*connection);
    const PullConsumer consumer = co_await consumer_of(streams, 30s);
    expect_success(co_await streams.publish("jobs.x", "a", ""));
    const Delivery first = co_await one(consumer);
    const auto start = Clock::now();
    expect_success(co_await first.nak(400ms));
    const Delivery second = co_await one(consumer);
    EXPECT_GE(Clock::now() - start, 390ms);
    EXPECT_LT(Clock::now() - start, 3s);
    EXPECT_EQ(second.times_delivered(), 2u);
    expect_success(co_await second.nak(0ms));
    const Delivery third = co_await one(consumer);
    EXPECT_EQ(third.times_delivered(), 3u);
    expect_success(co_await third.term());
    const auto info = co_await streams.stream_info("jobs");
    EXPECT_EQ(info.value().messages, 0u);
}

TEST(NatsPullConsumer, GivesBackForLaterOrForGood) {
    const NatsServerProcess server;
    run(nak_and_term(server.url()));
}

Task<void> same_or_exists(std::string url) {
    const auto connection = co_await connected(url);
    const JetStream streams(*connection);
    const PullConsumer consumer = co_await consumer_of(streams, 30s);
    const PullConsumer same = co_await consumer_of(streams, 30s);
    ConsumerSettings other;
    other.stream = "jobs";
    other.name = "workers";
    other.ack_wait = 5s;
    expect_error(co_await streams.ensure_consumer(other), ErrorKind::exists, "'workers'");
    other.stream = "nowhere";
    expect_error(co_await streams.ensure_consumer(other), ErrorKind::not_found);
    expect_success(co_await streams.publish("jobs.x", "a", ""));
    const Delivery delivery = co_await one(consumer);
    expect_success(co_await streams.delete_consumer("jobs", "workers"));
    expect_error(co_await delivery.ack(500ms), ErrorKind::not_found, "gone");
    expect_error(co_await consumer.fetch(1, 500ms), ErrorKind::not_found);
}

TEST(NatsPullConsumer, IsThereOnceWithItsSettings) {
    const NatsServerProcess server;
    run(same_or_exists(server.url()));
}

Task<void> filtered(std::string url) {
    const auto connection = co_await connected(url);
    const JetStream streams(*connection);
    StreamSettings stream;
    stream.name = "log";
    stream.subjects = {"log.>"};
    expect_success(co_await streams.ensure_stream(stream));
    for (const char* subject : {"log.a", "log.b", "log.a", "log.b"})
        expect_success(co_await streams.publish(subject, subject, ""));
    ConsumerSettings settings;
    settings.stream = "log";
    settings.name = "b";
    settings.filter_subject = "log.b";
    settings.from_sequence = 3;
    for (int again = 0; again < 2; ++again) {
        const auto made = co_await streams.ensure_consumer(settings);
        expect_success(made);
    }
    const auto made = co_await streams.ensure_consumer(settings);
    const auto batch = co_await made.value().fetch(10, 1s);
    EXPECT_EQ(batch.value().size(), 1u);
    EXPECT_EQ(batch.value().at(0).sequence(), 4u);
}

TEST(NatsPullConsumer, TakesOneSubjectFromASequenceOn) {
    const NatsServerProcess server;
    run(filtered(server.url()));
}

Task<void> across_a_crash(NatsServerProcess* server) {
    const auto connection = co_await connected(server->url());
    const JetStream streams(*connection, 10s);
    const PullConsumer consumer = co_await consumer_of(streams, 1s);
    expect_success(co_await streams.publish("jobs.x", "a", ""));
    expect_success(co_await streams.publish("jobs.x", "b", ""));
    const Delivery first = co_await one(consumer);
    server->kill();
    const auto away = co_await consumer.fetch(1, 100ms);
    EXPECT_TRUE(away.value().empty());
    expect_error(co_await first.ack(100ms), ErrorKind::connection);
    server->start();
    expect_success(co_await first.ack());
    const Delivery second = co_await one(consumer, 10s);
    EXPECT_EQ(second.payload(), "b");
    expect_success(co_await second.ack());
}

TEST(NatsPullConsumer, OutlastsTheServersCrash) {
    NatsServerProcess server;
    run(across_a_crash(&server));
}

}  // namespace
}  // namespace enough::nats
