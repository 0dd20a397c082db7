#pragma once

#include "nats/bucket.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace enough::nats {

struct BucketChange {
    std::string key;
    std::string value;  ///< empty unless `put`
    std::uint64_t revision = 0;
    enum class Operation { put, removed } operation = Operation::put;
};

/// All changes of a bucket in the order of their revisions, each once, also across lost connections and restarts of the
/// server. A write that a later one of the same key has replaced meanwhile is left out, as the bucket has only the
/// last.
class BucketFeed {
public:
    /// Begins with `from_revision`; 0 or 1 means with all that the bucket has.
    explicit BucketFeed(const Bucket& bucket, std::uint64_t from_revision = 0);

    /// Up to `most` changes; waits up to `wait` for the first. Empty: there was none, also because the server is away.
    /// `ErrorKind::not_found` if the bucket is gone. One call at a time; occupies a thread of the connection. A call
    /// that is cancelled loses nothing: the next one begins where the last finished one ended.
    Task<Result<std::vector<BucketChange>>> next(int most, std::chrono::milliseconds wait);

    /// The revision that the next change has at least.
    std::uint64_t next_revision() const { return next_; }

private:
    struct Source;
    struct Step;

    std::shared_ptr<Link> link_;
    std::string bucket_;
    std::shared_ptr<Source> source_;  // a consumer on the server; none: to be made
    std::uint64_t next_ = 1;
    std::chrono::milliseconds timeout_;
};

}  // namespace enough::nats
