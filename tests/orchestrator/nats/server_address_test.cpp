#include "nats_fixture.hpp"

#include "nats/server_address.hpp"

namespace enough::nats {
namespace {

TEST(NatsServerAddress, ReadsWhatPeopleWrite) {
    const auto plain = read_server_address("localhost");
    ASSERT_TRUE(plain);
    EXPECT_EQ(plain->url, "nats://localhost:4222");
    EXPECT_EQ(plain->shown, "localhost:4222");
    EXPECT_FALSE(plain->tls);

    const auto secure = read_server_address("tls://me:s%20cret@nats.example.org:4443");
    ASSERT_TRUE(secure);
    EXPECT_EQ(secure->url, "nats://me:s%20cret@nats.example.org:4443");
    EXPECT_EQ(secure->shown, "nats.example.org:4443");
    EXPECT_TRUE(secure->tls);

    const auto six = read_server_address("nats://[::1]:4222");
    ASSERT_TRUE(six);
    EXPECT_EQ(six->host, "::1");
    EXPECT_EQ(six->shown, "[::1]:4222");
}

TEST(NatsServerAddress, RefusesTheRest) {
    for (const char* text : {"", "nats://", "http://localhost:4222", "nats://a b", "nats://host:99999", "nats://host:0",
                             "nats:/host", "nats://host/path", "nats://host:4222?x=1", "://", "nats://host:port"})
        EXPECT_NO_FATAL_FAILURE(expect_error(read_server_address(text), ErrorKind::invalid, "nats://HOST:4222"))
            << text;
}

TEST(NatsServerAddress, ShowsNoSecret) {
    for (const char* text : {"http://me:s3cret@host:4222", "s3cret@ho st", "nats://me:s3cret@"}) {
        const auto read = read_server_address(text);
        expect_error(read, ErrorKind::invalid);
        EXPECT_EQ(read.error().message.find("s3cret"), std::string::npos) << read.error().message;
    }
}

}  // namespace
}  // namespace enough::nats
