#pragma once

#include "nats/connection.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace enough::nats {

struct OutgoingMessage;

/// A bucket of keys and values in files, with the last value of each key.
struct BucketSettings {
    std::string name;                                        ///< letters, digits, `-` and `_`
    std::optional<std::int64_t> max_bytes = {};              ///< of all; absent: what the server has
    std::optional<std::int32_t> max_value_bytes = {};        ///< absent: what the server takes
    std::optional<std::chrono::milliseconds> keep_for = {};  ///< each value, from its writing on; absent: for ever
};

struct BucketEntry {
    std::string value;
    std::uint64_t revision = 0;
};

/// Keys are made of `-/_=.a-zA-Z0-9`, don't begin or end with `.`: see `bucket_key`. A revision is the sequence of the
/// write in the bucket's stream (`KV_` and the name), so revisions order all writes of a bucket.
class Bucket {
public:
    /// Creates the bucket. It may be there already with these settings; with others it is `ErrorKind::exists`.
    static Task<Result<Bucket>> ensure(const Connection& connection, BucketSettings settings,
                                       std::chrono::milliseconds timeout = std::chrono::milliseconds(5'000));

    const std::string& name() const { return name_; }

    Task<Result<std::optional<BucketEntry>>> get(std::string key) const;

    /// `ErrorKind::exists` if the key has a value: the first writer wins. The revision otherwise.
    Task<Result<std::uint64_t>> create(std::string key, std::string value) const;

    /// `ErrorKind::wrong_revision` unless the key's last write is `revision`.
    Task<Result<std::uint64_t>> update(std::string key, std::string value, std::uint64_t revision) const;

    Task<Result<std::uint64_t>> put(std::string key, std::string value) const;

    /// Also where there is none. The bucket keeps a mark that says so; followers see it.
    Task<Result<void>> remove(std::string key) const;

    /// Keys that have a value, in no order.
    Task<Result<std::vector<std::string>>> keys() const;

    /// Removes the bucket with all that is in it.
    Task<Result<void>> destroy() const;

    /// Of the last write; 0 if there was none.
    Task<Result<std::uint64_t>> last_revision() const;

private:
    friend class BucketFeed;
    friend class Blobs;
    Bucket(std::shared_ptr<Link> link, std::string name, std::chrono::milliseconds timeout);

    Task<Result<std::uint64_t>> send(std::string doing, OutgoingMessage message) const;

    std::shared_ptr<Link> link_;
    std::string name_;
    std::chrono::milliseconds timeout_;
};

}  // namespace enough::nats
