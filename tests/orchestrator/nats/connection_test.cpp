#include "nats_fixture.hpp"

#include "nats/bucket.hpp"
#include "nats/jet_stream.hpp"
#include "nats/messages.hpp"
#include "support/certificate.hpp"
#include "support/fake_socket.hpp"
#include "support/temporary_folder.hpp"

#include <enough/async/with_deadline.hpp>

#include <csignal>
#include <fstream>
#include <thread>

namespace enough::nats {
namespace {

std::uint16_t unused_port() {
    return test::FakeListener(false, 0).port();
}

std::string at(std::uint16_t port) {
    return "nats://127.0.0.1:" + std::to_string(port);
}

Task<Result<std::string>> attempt(ConnectionSettings settings) {
    auto connection = co_await try_to_connect(std::move(settings));
    if (!connection) co_return connection.error();
    co_return (*connection)->server();
}

Task<void> is_there(std::string url) {
    const auto connection = co_await connected(url);
    EXPECT_TRUE(connection->connected());
    EXPECT_EQ("nats://" + connection->server(), url);
    EXPECT_EQ(connection->max_payload(), 1048576u);  // the server's documented default
    co_await connection->close();
    EXPECT_FALSE(connection->connected());
}

TEST(NatsConnection, TellsWhereItIsAndEnds) {
    const NatsServerProcess server;
    run(is_there(server.url()));
}

TEST(NatsConnection, NoServerIsAClearFailure) {
    const std::uint16_t port = unused_port();
    const auto result = run(attempt(quick(at(port))));
    expect_error(result, ErrorKind::connection, "no NATS server answers at 127.0.0.1:" + std::to_string(port));
}

TEST(NatsConnection, SomethingElseOnThePortIsAClearFailure) {
    test::FakeListener listener(false, 0);
    std::thread other([&listener] {
        for (int descriptor = listener.accept(); descriptor >= 0; descriptor = listener.accept()) {
            test::FakeSocket socket(descriptor);
            socket.write("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n");
            socket.read();
        }
    });
    const auto result = run(attempt(quick(at(listener.port()))));
    listener.shut_down();
    other.join();
    expect_error(result, ErrorKind::connection, "no NATS server answers at 127.0.0.1:");
}

TEST(NatsConnection, SilenceOnThePortIsAFailureInTime) {
    test::FakeListener listener(false, 0);  // connections wait in its queue
    ConnectionSettings settings = quick(at(listener.port()));
    settings.connect_timeout = 300ms;
    const auto start = std::chrono::steady_clock::now();
    const auto result = run(attempt(settings));
    EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
    expect_error(result, ErrorKind::connection, "no NATS server answers");
}

TEST(NatsConnection, AWrongTokenIsRefusedAndNotShown) {
    NatsServerSettings settings;
    settings.token = "right-token";
    const NatsServerProcess server(settings);
    expect_success(run(attempt(quick(server.url()))));
    const auto result = run(attempt(quick("nats://wr0ng-t0ken@" + server.address())));
    expect_error(result, ErrorKind::unauthorized, server.address());
    EXPECT_EQ(result.error().message.find("wr0ng"), std::string::npos) << result.error().message;
}

TEST(NatsConnection, AServerWithoutJetStreamIsAClearFailure) {
    NatsServerSettings settings;
    settings.jet_stream = false;
    const NatsServerProcess server(settings);
    const auto result = run(attempt(quick(server.url())));
    expect_error(result, ErrorKind::no_jet_stream, "nats-server -js");
    ConnectionSettings without = quick(server.url());
    without.needs_jet_stream = false;
    expect_success(run(attempt(without)));
}

TEST(NatsConnection, FilesThatAreNotThereAreNamed) {
    ConnectionSettings settings = quick("tls://127.0.0.1:" + std::to_string(unused_port()));
    settings.ca_file = "/nowhere/ca.pem";
    expect_error(run(attempt(settings)), ErrorKind::tls, "/nowhere/ca.pem");
    settings.ca_file = "";
    settings.credentials_file = "/nowhere/user.creds";
    expect_error(run(attempt(settings)), ErrorKind::invalid, "/nowhere/user.creds");
}

TEST(NatsConnection, TlsWithAServerThatHasNoneIsAClearFailure) {
    const NatsServerProcess server;
    expect_error(run(attempt(quick("tls://" + server.address()))), ErrorKind::tls, "speaks no TLS");
}

NatsServerSettings with_tls(const test::FakeIdentity& identity) {
    NatsServerSettings settings;
    settings.more = "tls { cert_file: \"" + identity.certificate + "\", key_file: \"" + identity.key + "\" }";
    return settings;
}

TEST(NatsConnection, TlsIsCheckedAgainstTheCertificatesFile) {
    const test::FakeIdentity identity = test::make_identity({"127.0.0.1"});
    const NatsServerProcess server(with_tls(identity));
    ConnectionSettings settings = quick("tls://" + server.address());
    settings.ca_file = identity.certificate;
    expect_success(run(attempt(settings)));
    settings.ca_file = test::make_identity({"127.0.0.1"}).certificate;
    expect_error(run(attempt(settings)), ErrorKind::tls, server.address());
    settings.ca_file = "";
    expect_error(run(attempt(settings)), ErrorKind::tls, server.address());
    // The server asks for TLS, and a client that was not told gets it all the same, checked.
    expect_error(run(attempt(quick(server.url()))), ErrorKind::tls, server.address());
}

TEST(NatsConnection, TlsIsCheckedAgainstTheHost) {
    const test::FakeIdentity identity = test::make_identity({"elsewhere.example"});
    const NatsServerProcess server(with_tls(identity));
    ConnectionSettings settings = quick("tls://" + server.address());
    settings.ca_file = identity.certificate;
    expect_error(run(attempt(settings)), ErrorKind::tls, server.address());
}

Task<void> lost_and_regained(NatsServerProcess* server) {
    const auto lost = std::make_shared<Wakeup>();
    const auto regained = std::make_shared<Wakeup>();
    ConnectionSettings settings = quick(server->url());
    settings.lost = [lost] { lost->notify(); };
    settings.regained = [regained](const std::string&) { regained->notify(); };
    auto made = co_await try_to_connect(std::move(settings));
    const auto connection = std::move(made.value());
    const JetStream streams(*connection, 300ms);

    server->kill();
    EXPECT_TRUE(co_await lost->wait(Deadline::after(10s)));
    EXPECT_FALSE(connection->connected());
    const auto refused = co_await streams.stream_info("any");
    expect_error(refused, ErrorKind::connection, "no NATS server answers");

    server->start();
    EXPECT_TRUE(co_await regained->wait(Deadline::after(10s)));
    const auto answered = co_await streams.stream_info("any");
    expect_error(answered, ErrorKind::not_found);
}

TEST(NatsConnection, IsMadeAgainAndSaysSo) {
    NatsServerProcess server;
    run(lost_and_regained(&server));
}

Task<void> call_that_waits_for_the_server(NatsServerProcess* server) {
    const auto lost = std::make_shared<Wakeup>();
    ConnectionSettings settings = quick(server->url());
    settings.lost = [lost] { lost->notify(); };
    auto made = co_await try_to_connect(std::move(settings));
    const auto connection = std::move(made.value());
    server->kill();
    // Until then a call may still be sent to a server that is no more, and time out.
    EXPECT_TRUE(co_await lost->wait(Deadline::after(10s)));
    std::thread later([server] { server->start(); });
    const JetStream streams(*connection, 10s);
    const auto answered = co_await streams.stream_info("any");
    later.join();
    expect_error(answered, ErrorKind::not_found);
}

TEST(NatsConnection, ACallWaitsForTheServerToComeBack) {
    NatsServerProcess server;
    run(call_that_waits_for_the_server(&server));
}

Task<void> close_while_away(NatsServerProcess* server) {
    const auto connection = co_await connected(server->url());
    const JetStream streams(*connection, 10s);
    server->kill();
    const auto start = std::chrono::steady_clock::now();
    co_await connection->close(1s);
    EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
    const auto closed = co_await streams.stream_info("any");
    expect_error(closed, ErrorKind::connection, "closed");
}

TEST(NatsConnection, ClosesWhileTheServerIsAway) {
    NatsServerProcess server;
    run(close_while_away(&server));
}

Task<void> close_while_stuck(NatsServerProcess* server) {
    const auto connection = co_await connected(server->url());
    server->signal(SIGSTOP);
    const auto start = std::chrono::steady_clock::now();
    const JetStream streams(*connection, 200ms);
    const auto late = co_await streams.stream_info("any");
    expect_error(late, ErrorKind::timeout, "did not answer in time");
    co_await connection->close(300ms);
    EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
}

TEST(NatsConnection, AServerThatHangsHoldsNobodyUp) {
    NatsServerProcess server;
    run(close_while_stuck(&server));
}

Task<void> fetch_for_long(std::shared_ptr<PullConsumer> consumer) {
    co_await consumer->fetch(1, 60s);
}

Task<void> cancelled_calls(std::string url) {
    const auto connection = co_await connected(url);
    const JetStream streams(*connection);
    StreamSettings settings;
    settings.name = "jobs";
    settings.subjects = {"jobs.>"};
    settings.retention = Retention::work_queue;
    const auto stream = co_await streams.ensure_stream(settings);
    expect_success(stream);
    ConsumerSettings reader;
    reader.stream = "jobs";
    reader.name = "workers";
    const auto made = co_await streams.ensure_consumer(reader);
    const auto consumer = std::make_shared<PullConsumer>(made.value());
    for (int i = 0; i < 3; ++i) {
        bool over = false;
        try {
            co_await with_deadline(fetch_for_long(consumer), Deadline::after(50ms));
        } catch (const DeadlineExceeded&) {
            over = true;
        }
        EXPECT_TRUE(over);
    }
    // What those calls get after all is handed back: somebody who still waits has it long before the lease ends.
    const auto published = co_await streams.publish("jobs.a", "x", "");
    expect_success(published);
    const auto start = std::chrono::steady_clock::now();
    bool came = false;
    while (!came && std::chrono::steady_clock::now() - start < 10s) {
        const auto batch = co_await consumer->fetch(1, 500ms);
        came = batch && !batch->empty();
    }
    EXPECT_TRUE(came);
}

TEST(NatsConnection, CancelledCallsLeaveNothingBehind) {
    const NatsServerProcess server;
    run(cancelled_calls(server.url()));
}

Task<void> connect_and_give_up(std::string url) {
    ConnectionSettings settings = quick(url);
    settings.connect_timeout = 500ms;
    bool over = false;
    try {
        auto attempt = try_to_connect(std::move(settings));
        co_await with_deadline(std::move(attempt), Deadline::after(20ms));
    } catch (const DeadlineExceeded&) {
        over = true;
    }
    EXPECT_TRUE(over);
}

TEST(NatsConnection, ConnectingCanBeCancelled) {
    test::FakeListener listener(false, 0);
    run(connect_and_give_up(at(listener.port())));
}

}  // namespace
}  // namespace enough::nats
