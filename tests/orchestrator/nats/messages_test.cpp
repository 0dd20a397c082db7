#include "nats_fixture.hpp"

#include "nats/messages.hpp"

#include <enough/async/gather.hpp>
#include <enough/async/with_deadline.hpp>

namespace enough::nats {
namespace {

Task<void> there_and_back(std::string url) {
    const auto connection = co_await connected(url);
    const Messages messages(*connection);
    auto subscribed = co_await messages.subscribe("greetings.*", 10, 1s);
    Subscription subscription = std::move(subscribed.value());
    expect_success(co_await messages.publish("greetings.a", "hello", 1s));
    const auto message = co_await subscription.next(Deadline::after(5s));
    EXPECT_EQ(message.value().subject, "greetings.a");
    EXPECT_EQ(message.value().payload, "hello");
    EXPECT_EQ(message.value().reply, "");
    expect_error(co_await subscription.next(Deadline::after(30ms)), ErrorKind::timeout);
    expect_error(co_await messages.publish("", "x", 1s), ErrorKind::invalid);
    co_await connection->close();
    expect_error(co_await subscription.next(Deadline::after(10s)), ErrorKind::connection, "closed");
}

TEST(NatsMessages, ComeToWhoListens) {
    const NatsServerProcess server;
    run(there_and_back(server.url()));
}

Task<void> drops(std::string url) {
    const auto connection = co_await connected(url);
    const Messages messages(*connection);
    auto subscribed = co_await messages.subscribe("many", 3, 1s);
    auto ends = co_await messages.subscribe("end", 3, 1s);
    Subscription subscription = std::move(subscribed.value());
    Subscription end = std::move(ends.value());
    for (const char* payload : {"1", "2", "3", "4", "5"})
        expect_success(co_await messages.publish("many", payload, 1s));
    expect_success(co_await messages.publish("end", "", 1s));
    expect_success(co_await end.next(Deadline::after(5s)));  // delivered in order, so those before have come
    EXPECT_EQ(subscription.dropped(), 2u);
    for (const char* payload : {"3", "4", "5"}) {
        const auto message = co_await subscription.next(Deadline::after(5s));
        EXPECT_EQ(message.value().payload, payload);
    }
}

TEST(NatsMessages, DropTheOldestWhenNobodyTakesThem) {
    const NatsServerProcess server;
    run(drops(server.url()));
}

Task<void> answer_once(Messages messages, Subscription* questions) {
    const auto question = co_await questions->next(Deadline::after(5s));
    const Message& asked = question.value();
    expect_success(co_await messages.publish(asked.reply, "echo " + asked.payload, 1s));
}

Task<void> ask_once(Messages messages) {
    const auto answer = co_await messages.request("service", "x", 5s);
    EXPECT_EQ(answer.value().payload, "echo x");
}

Task<void> requests(std::string url) {
    const auto connection = co_await connected(url);
    const Messages messages(*connection);
    expect_error(co_await messages.request("service", "x", 1s), ErrorKind::no_responder, "'service'");
    auto subscribed = co_await messages.subscribe("service", 10, 1s);
    Subscription questions = std::move(subscribed.value());
    expect_error(co_await messages.request("service", "nobody answers", 50ms), ErrorKind::timeout);
    expect_success(co_await questions.next(Deadline::after(1s)));
    std::vector<Task<void>> both;
    both.push_back(answer_once(messages, &questions));
    both.push_back(ask_once(messages));
    co_await gather(std::move(both));
}

TEST(NatsMessages, AreAnswered) {
    const NatsServerProcess server;
    run(requests(server.url()));
}

Task<void> wait_for_next(Subscription* subscription) {
    co_await subscription->next(Deadline::never());
}

Task<void> cancelled_and_gone(std::string url) {
    const auto connection = co_await connected(url);
    const Messages messages(*connection);
    {
        auto subscribed = co_await messages.subscribe("news", 10, 1s);
        Subscription subscription = std::move(subscribed.value());
        bool over = false;
        try {
            co_await with_deadline(wait_for_next(&subscription), Deadline::after(30ms));
        } catch (const DeadlineExceeded&) {
            over = true;
        }
        EXPECT_TRUE(over);
        expect_success(co_await messages.publish("news", "still heard", 1s));
        const auto heard = co_await subscription.next(Deadline::after(5s));
        EXPECT_EQ(heard.value().payload, "still heard");
        expect_success(co_await messages.publish("news", "on its way", 1s));
    }
    expect_success(co_await messages.publish("news", "unheard", 1s));
}

TEST(NatsMessages, WaitingCanBeCancelled) {
    const NatsServerProcess server;
    run(cancelled_and_gone(server.url()));
}

Task<void> after_a_crash(NatsServerProcess* server) {
    const auto connection = co_await connected(server->url());
    const Messages messages(*connection);
    auto subscribed = co_await messages.subscribe("news", 10, 1s);
    Subscription subscription = std::move(subscribed.value());
    server->kill();
    expect_error(co_await messages.publish("news", "x", 50ms), ErrorKind::connection);
    server->start();
    expect_success(co_await messages.publish("news", "back", 10s));
    const auto heard = co_await subscription.next(Deadline::after(5s));
    EXPECT_EQ(heard.value().payload, "back");
}

TEST(NatsMessages, ComeAgainAfterACrashOfTheServer) {
    NatsServerProcess server;
    run(after_a_crash(&server));
}

}  // namespace
}  // namespace enough::nats
