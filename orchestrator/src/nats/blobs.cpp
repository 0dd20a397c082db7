#include "nats/blobs.hpp"

#include "nats/bucket_names.hpp"
#include "nats/call.hpp"
#include "nats/requests.hpp"

#include <enough/hash/sha256.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace enough::nats {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t usual_chunk = std::size_t{512} << 10;
constexpr std::size_t room_for_headers = 1024;

std::string key_of(const BlobReference& blob, const std::string& chunk) {
    return fmt::format("{}.{}.{}", blob.sha256, blob.chunks, chunk);
}

/// All chunks but the last have this size, which the reference alone decides.
std::size_t chunk_size(const BlobReference& blob) {
    if (blob.chunks == 0) return 1;
    return static_cast<std::size_t>((blob.bytes + blob.chunks - 1) / blob.chunks);
}

std::string name_of(const BlobReference& blob) {
    return fmt::format("the blob {}", blob.sha256.substr(0, 12));
}

bool can_be(const BlobReference& blob) {
    const bool hash =
        blob.sha256.size() == 64 && blob.sha256.find_first_not_of("0123456789abcdef") == std::string::npos;
    return hash && blob.bytes <= Blobs::max_bytes && blob.chunks <= blob.bytes && (blob.chunks > 0 || blob.bytes == 0);
}

Error no_reference(const BlobReference& blob) {
    return Error{ErrorKind::invalid, fmt::format("{} has a reference that can't be right", name_of(blob))};
}

Result<BlobReference> put_chunks(const Link& link, const std::string& bucket, const std::string& bytes,
                                 std::size_t most_in_chunk, milliseconds timeout) {
    BlobReference blob;
    blob.sha256 = sha256(bytes);
    blob.bytes = bytes.size();
    blob.chunks = static_cast<std::uint32_t>((bytes.size() + most_in_chunk - 1) / most_in_chunk);
    const std::size_t size = chunk_size(blob);
    const std::string doing = "storing " + name_of(blob);
    for (std::uint32_t i = 0; i < blob.chunks; ++i) {
        OutgoingMessage message;
        message.subject = subject_of(bucket, key_of(blob, fmt::format("{}", i)));
        message.payload = bytes.substr(i * size, size);
        const Result<Published> stored = store(link, message, timeout, doing);
        if (!stored) return stored.error();
    }
    return blob;
}

Result<std::string> read_chunk(const Link& link, const std::string& bucket, const std::string& key,
                               milliseconds timeout, const std::string& doing) {
    const Result<MessageHandle> found = last_of(link, stream_of(bucket), subject_of(bucket, key), timeout, doing);
    if (!found) return found.error();
    if (!*found) return Error{ErrorKind::not_found, fmt::format("{} failed: it is not, or no longer, there", doing)};
    return payload_of(**found);
}

Result<std::string> get_chunks(const Link& link, const std::string& bucket, const BlobReference& blob,
                               milliseconds timeout) {
    const std::string doing = "reading " + name_of(blob);
    std::string bytes;
    bytes.reserve(blob.bytes);
    for (std::uint32_t i = 0; i < blob.chunks; ++i) {
        const Result<std::string> chunk = read_chunk(link, bucket, key_of(blob, fmt::format("{}", i)), timeout, doing);
        if (!chunk) return chunk.error();
        bytes += *chunk;
        if (bytes.size() > blob.bytes) break;
    }
    if (bytes.size() != blob.bytes || sha256(bytes) != blob.sha256)
        return Error{ErrorKind::damaged, fmt::format("{} failed: what is stored is not what was put there", doing)};
    return bytes;
}

}  // namespace

Blobs::Blobs(Bucket bucket, std::size_t chunk_bytes) : bucket_(std::move(bucket)), chunk_bytes_(chunk_bytes) {}

Task<Result<BlobReference>> Blobs::put(std::string bytes) const {
    const auto link = bucket_.link_;
    if (bytes.size() > max_bytes) {
        co_return Error{ErrorKind::too_large,
                        fmt::format("a blob of {} bytes is above the limit of {}", bytes.size(), max_bytes)};
    }
    const std::size_t server = std::max(link->max_payload(), 2 * room_for_headers) - room_for_headers;
    const std::size_t chunk = chunk_bytes_ > 0 ? chunk_bytes_ : std::min(usual_chunk, server);
    const auto shared = std::make_shared<const std::string>(std::move(bytes));
    std::function<Result<BlobReference>(milliseconds)> work = [link, shared, chunk, bucket = bucket_.name(),
                                                               timeout = bucket_.timeout_](milliseconds) {
        return put_chunks(*link, bucket, *shared, chunk, timeout);
    };
    co_return co_await call<BlobReference>(link, bucket_.timeout_, "storing a blob", std::move(work));
}

Task<Result<std::string>> Blobs::get(BlobReference reference) const {
    const auto link = bucket_.link_;
    if (!can_be(reference)) co_return no_reference(reference);
    std::string doing = "reading " + name_of(reference);
    std::function<Result<std::string>(milliseconds)> work = [link, reference, bucket = bucket_.name(),
                                                             timeout = bucket_.timeout_](milliseconds) {
        return get_chunks(*link, bucket, reference, timeout);
    };
    co_return co_await call<std::string>(link, bucket_.timeout_, std::move(doing), std::move(work));
}

Task<Result<void>> Blobs::remove(BlobReference reference) const {
    const auto link = bucket_.link_;
    if (!can_be(reference)) co_return no_reference(reference);
    std::string doing = "removing " + name_of(reference);
    std::function<Result<void>(milliseconds)> work = [link, reference, bucket = bucket_.name(),
                                                      doing](milliseconds left) {
        return purge_subject(*link, stream_of(bucket), subject_of(bucket, key_of(reference, "*")), left, doing);
    };
    co_return co_await call<void>(link, bucket_.timeout_, std::move(doing), std::move(work));
}

}  // namespace enough::nats
