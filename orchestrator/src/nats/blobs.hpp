#pragma once

#include "nats/bucket.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace enough::nats {

/// What a blob is found by: small enough for any message.
struct BlobReference {
    std::string sha256;  ///< of the bytes, lower-case hexadecimal
    std::uint64_t bytes = 0;
    std::uint32_t chunks = 0;

    bool operator==(const BlobReference&) const = default;
};

/// Byte strings of any size up to 64 MiB, in chunks under the server's limit, in a bucket of their own. The same bytes
/// are kept once: who removes a blob removes it for all who have put it.
class Blobs {
public:
    static constexpr std::size_t max_bytes = std::size_t{64} << 20;

    /// `chunk_bytes`: 0 means what fits the server's messages, at most 512 KiB.
    explicit Blobs(Bucket bucket, std::size_t chunk_bytes = 0);

    /// `ErrorKind::too_large` above `max_bytes`. Putting the same again writes it again, which mends a damaged one.
    Task<Result<BlobReference>> put(std::string bytes) const;

    /// `ErrorKind::not_found` if a chunk is missing, `ErrorKind::damaged` if the bytes are not those that were put.
    Task<Result<std::string>> get(BlobReference reference) const;

    /// Also what is not there.
    Task<Result<void>> remove(BlobReference reference) const;

private:
    Bucket bucket_;
    std::size_t chunk_bytes_;
};

}  // namespace enough::nats
