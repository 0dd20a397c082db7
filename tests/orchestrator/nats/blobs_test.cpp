#include "nats_fixture.hpp"

#include "nats/blobs.hpp"

#include <enough/hash/sha256.hpp>

namespace enough::nats {
namespace {

Task<Bucket> bucket_on(const Connection& connection) {
    BucketSettings settings;
    settings.name = "blobs";
    const auto made = co_await Bucket::ensure(connection, settings);
    co_return made.value();
}

std::string some_bytes(std::size_t size) {
    std::string bytes(size, '\0');
    unsigned state = 1;
    for (char& byte : bytes) {
        state = state * 1664525u + 1013904223u;
        byte = static_cast<char>(state >> 24);
    }
    return bytes;
}

Task<void> there_and_back(std::string url) {
    const auto connection = co_await connected(url);
    const Blobs blobs(co_await bucket_on(*connection));
    for (const std::size_t size : {0u, 1u, 524'288u, 524'289u, 3'000'000u}) {
        const std::string bytes = some_bytes(size);
        const auto put = co_await blobs.put(bytes);
        EXPECT_EQ(put.value().bytes, size);
        EXPECT_EQ(put.value().chunks, (size + 524'287) / 524'288);
        EXPECT_EQ(put.value().sha256, sha256(bytes));
        const auto got = co_await blobs.get(put.value());
        EXPECT_TRUE(got.value() == bytes);
        const auto again = co_await blobs.put(bytes);
        EXPECT_EQ(again.value(), put.value());
        expect_success(co_await blobs.remove(put.value()));
        expect_success(co_await blobs.remove(put.value()));
        const auto gone = co_await blobs.get(put.value());
        if (size > 0) expect_error(gone, ErrorKind::not_found);
    }
}

TEST(NatsBlobs, ComeBackAsTheyWere) {
    const NatsServerProcess server;
    run(there_and_back(server.url()));
}

Task<void> damaged(std::string url) {
    const auto connection = co_await connected(url);
    const Bucket bucket = co_await bucket_on(*connection);
    const Blobs blobs(bucket, 1000);
    const auto put = co_await blobs.put(some_bytes(2'500));
    const BlobReference blob = put.value();
    EXPECT_EQ(blob.chunks, 3u);
    const auto keys = co_await bucket.keys();
    EXPECT_EQ(keys.value().size(), 3u);

    const std::string chunk = blob.sha256 + ".3.1";
    const auto entry = co_await bucket.get(chunk);
    std::string bytes = entry.value()->value;
    bytes[5] = static_cast<char>(bytes[5] ^ 1);
    expect_success(co_await bucket.put(chunk, bytes));
    expect_error(co_await blobs.get(blob), ErrorKind::damaged, blob.sha256.substr(0, 12));
    expect_success(co_await bucket.put(chunk, std::string(100'000, 'x')));
    expect_error(co_await blobs.get(blob), ErrorKind::damaged);
    expect_success(co_await blobs.put(some_bytes(2'500)));
    expect_success(co_await blobs.get(blob));

    BlobReference wrong = blob;
    wrong.sha256 = "../" + blob.sha256.substr(3);
    expect_error(co_await blobs.get(wrong), ErrorKind::invalid);
    wrong = blob;
    wrong.bytes = Blobs::max_bytes + 1;
    expect_error(co_await blobs.get(wrong), ErrorKind::invalid);
    wrong = blob;
    wrong.chunks = 0;
    expect_error(co_await blobs.get(wrong), ErrorKind::invalid);
    expect_error(co_await blobs.put(std::string(Blobs::max_bytes + 1, 'x')), ErrorKind::too_large);
}

TEST(NatsBlobs, AreNotTakenDamaged) {
    const NatsServerProcess server;
    run(damaged(server.url()));
}

}  // namespace
}  // namespace enough::nats
