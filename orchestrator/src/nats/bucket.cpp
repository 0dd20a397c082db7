#include "nats/bucket.hpp"

#include "nats/bucket_names.hpp"
#include "nats/call.hpp"
#include "nats/pull_source.hpp"
#include "nats/requests.hpp"
#include "nats/status.hpp"
#include "nats/subject_names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

// A bucket is a stream with rules of its own:
// https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-8.md Its calls are made here of those to
// its stream, since libnats's own for buckets do not tell the server's codes.
namespace enough::nats {
namespace {

using std::chrono::milliseconds;

constexpr int keys_at_once = 500;
constexpr milliseconds longest_duplicate_window{120'000};

bool is_mark(natsMsg& message) {
    const char* operation = nullptr;
    return natsMsgHeader_Get(&message, "KV-Operation", &operation) == NATS_OK;
}

std::string what(const char* doing, const std::string& key, const std::string& bucket) {
    return fmt::format("{} the key '{}' of the bucket '{}'", doing, key, bucket);
}

Result<std::uint64_t> write(const Link& link, const OutgoingMessage& message, milliseconds left,
                            const std::string& doing) {
    const Result<Published> written = store(link, message, left, doing);
    if (!written) return written.error();
    return written->sequence;
}

/// The last write of a key that was removed is a mark, and counts as one.
Result<std::uint64_t> write_first(const Link& link, OutgoingMessage message, const std::string& bucket,
                                  milliseconds left, const std::string& doing) {
    const auto until = Link::Clock::now() + left;
    message.after = 0;
    const Result<std::uint64_t> written = write(link, message, left, doing);
    if (written || written.error().kind != ErrorKind::wrong_revision) return written;
    const Error taken{ErrorKind::exists, fmt::format("{} failed: it has a value", doing)};
    left = std::chrono::ceil<milliseconds>(until - Link::Clock::now());
    const Result<MessageHandle> last = last_of(link, stream_of(bucket), message.subject, left, doing);
    if (!last) return last.error();
    if (*last && !is_mark(**last)) return taken;
    message.after = *last ? natsMsg_GetSequence(last->get()) : 0;
    left = std::chrono::ceil<milliseconds>(until - Link::Clock::now());
    const Result<std::uint64_t> again = write(link, message, std::max(left, milliseconds(1)), doing);
    if (!again && again.error().kind == ErrorKind::wrong_revision) return taken;
    return again;
}

/// The keys of what a reader of all last values brings, headers alone.
class KeyReader {
public:
    KeyReader(const Link& link, std::string bucket, std::string doing)
        : link_(link), bucket_(std::move(bucket)), doing_(std::move(doing)) {}

    Result<std::vector<std::string>> read(milliseconds left) {
        const auto until = Link::Clock::now() + left;
        const Result<SubscriptionHandle> reader = subscribe(left);
        if (!reader) return reader.error();
        std::set<std::string> keys;
        Result<std::uint64_t> pending = count(**reader, left);
        while (pending && *pending > 0) {
            left = std::chrono::ceil<milliseconds>(until - Link::Clock::now());
            if (left <= milliseconds::zero()) return error_of(NATS_TIMEOUT, {}, doing_);
            const Result<Batch> batch = fetch_batch(**reader, keys_at_once, left, doing_);
            if (!batch) return batch.error();
            for (const MessageHandle& message : *batch)
                add(*message, keys);
            pending = batch->empty() ? count(**reader, left) : pending_after(*batch->back());
        }
        if (!pending) return pending.error();
        natsSubscription_Unsubscribe(reader->get());  // and the server forgets the consumer
        return std::vector<std::string>(keys.begin(), keys.end());
    }

private:
    Result<SubscriptionHandle> subscribe(milliseconds left) const {
        const std::string stream = stream_of(bucket_);
        const std::string subject = subject_of(bucket_, ">");
        jsSubOptions settings;
        jsSubOptions_Init(&settings);
        settings.Stream = stream.c_str();
        settings.Config.DeliverPolicy = js_DeliverLastPerSubject;
        settings.Config.AckPolicy = js_AckNone;
        settings.Config.HeadersOnly = true;
        jsOptions options = options_within(left);
        natsSubscription* raw = nullptr;
        jsErrCode code = {};
        const natsStatus status =
            js_PullSubscribe(&raw, link_.jet_stream(), subject.c_str(), nullptr, &options, &settings, &code);
        SubscriptionHandle reader(raw);
        if (status != NATS_OK) return error_of(status, code, doing_);
        return reader;
    }

    Result<std::uint64_t> count(natsSubscription& reader, milliseconds left) const {
        jsOptions options = options_within(left);
        jsConsumerInfo* raw = nullptr;
        jsErrCode code = {};
        const natsStatus status = natsSubscription_GetConsumerInfo(&raw, &reader, &options, &code);
        const ConsumerInfoHandle info(raw);
        if (status != NATS_OK) return error_of(status, code, doing_);
        return info->NumPending;
    }

    Result<std::uint64_t> pending_after(natsMsg& message) const {
        jsMsgMetaData* raw = nullptr;
        const natsStatus status = natsMsg_GetMetaData(&raw, &message);
        const MetaDataHandle meta(raw);
        if (status != NATS_OK) return error_of(status, {}, doing_);
        return meta->NumPending;
    }

    void add(natsMsg& message, std::set<std::string>& keys) const {
        const std::string key = std::string(natsMsg_GetSubject(&message)).substr(subject_of(bucket_, "").size());
        // It may have been written again while we read.
        if (is_mark(message))
            keys.erase(key);
        else
            keys.insert(key);
    }

    const Link& link_;
    const std::string bucket_;
    const std::string doing_;
};

/// Refuses a key before it becomes a subject.
std::optional<Error> wrong_key(const std::string& key, const std::string& doing) {
    if (is_bucket_key(key)) return std::nullopt;
    return Error{ErrorKind::invalid,
                 doing + " failed: a key is made of letters, digits and -/_=. with text between its dots"};
}

}  // namespace

Bucket::Bucket(std::shared_ptr<Link> link, std::string name, milliseconds timeout)
    : link_(std::move(link)), name_(std::move(name)), timeout_(timeout) {}

Task<Result<Bucket>> Bucket::ensure(const Connection& connection, BucketSettings settings, milliseconds timeout) {
    const auto link = connection.link();
    std::string doing = fmt::format("creating the bucket '{}'", settings.name);
    const bool named = !settings.name.empty() && std::all_of(settings.name.begin(), settings.name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    });
    if (!named) co_return Error{ErrorKind::invalid, doing + " failed: its name has more than letters, digits, - and _"};
    std::function<Result<void>(milliseconds)> work = [link, settings, doing](milliseconds left) {
        const std::string name = stream_of(settings.name);
        const std::string subject = subject_of(settings.name, ">");
        const char* subjects = subject.c_str();
        jsStreamConfig config;
        jsStreamConfig_Init(&config);
        config.Name = name.c_str();
        config.Subjects = &subjects;
        config.SubjectsLen = 1;
        config.Storage = js_FileStorage;
        config.Discard = js_DiscardNew;
        config.MaxMsgsPerSubject = 1;
        config.AllowRollup = true;
        config.DenyDelete = true;
        config.AllowDirect = true;
        if (settings.max_value_bytes) config.MaxMsgSize = *settings.max_value_bytes;
        if (settings.max_bytes) config.MaxBytes = *settings.max_bytes;
        milliseconds window = longest_duplicate_window;
        if (settings.keep_for) {
            config.MaxAge = std::chrono::nanoseconds(*settings.keep_for).count();
            window = std::min(window, *settings.keep_for);
        }
        config.Duplicates = std::chrono::nanoseconds(window).count();
        return add_stream(*link, config, left, doing);
    };
    const Result<void> there = co_await call<void>(link, timeout, std::move(doing), std::move(work));
    if (!there) co_return there.error();
    co_return Bucket(link, settings.name, timeout);
}

Task<Result<std::optional<BucketEntry>>> Bucket::get(std::string key) const {
    using Found = std::optional<BucketEntry>;
    const auto link = link_;
    std::string doing = what("reading", key, name_);
    if (const auto wrong = wrong_key(key, doing)) co_return *wrong;
    std::function<Result<Found>(milliseconds)> work = [link, bucket = name_, key,
                                                       doing](milliseconds left) -> Result<Found> {
        const Result<MessageHandle> last = last_of(*link, stream_of(bucket), subject_of(bucket, key), left, doing);
        if (!last) return last.error();
        if (!*last || is_mark(**last)) return Found();
        return Found(BucketEntry{payload_of(**last), natsMsg_GetSequence(last->get())});
    };
    co_return co_await call<Found>(link, timeout_, std::move(doing), std::move(work));
}

Task<Result<std::uint64_t>> Bucket::create(std::string key, std::string value) const {
    const auto link = link_;
    std::string doing = what("creating", key, name_);
    if (const auto wrong = wrong_key(key, doing)) co_return *wrong;
    auto message = std::make_shared<OutgoingMessage>();
    message->subject = subject_of(name_, key);
    message->payload = std::move(value);
    std::function<Result<std::uint64_t>(milliseconds)> work = [link, message, bucket = name_,
                                                               doing](milliseconds left) {
        return write_first(*link, std::move(*message), bucket, left, doing);
    };
    co_return co_await call<std::uint64_t>(link, timeout_, std::move(doing), std::move(work));
}

Task<Result<std::uint64_t>> Bucket::update(std::string key, std::string value, std::uint64_t revision) const {
    std::string doing = what("updating", key, name_);
    if (const auto wrong = wrong_key(key, doing)) co_return *wrong;
    OutgoingMessage message;
    message.subject = subject_of(name_, key);
    message.payload = std::move(value);
    message.after = revision;
    co_return co_await send(std::move(doing), std::move(message));
}

Task<Result<std::uint64_t>> Bucket::put(std::string key, std::string value) const {
    std::string doing = what("writing", key, name_);
    if (const auto wrong = wrong_key(key, doing)) co_return *wrong;
    OutgoingMessage message;
    message.subject = subject_of(name_, key);
    message.payload = std::move(value);
    co_return co_await send(std::move(doing), std::move(message));
}

Task<Result<void>> Bucket::remove(std::string key) const {
    std::string doing = what("removing", key, name_);
    if (const auto wrong = wrong_key(key, doing)) co_return *wrong;
    OutgoingMessage message;
    message.subject = subject_of(name_, key);
    message.operation = "DEL";
    const Result<std::uint64_t> written = co_await send(std::move(doing), std::move(message));
    if (!written) co_return written.error();
    co_return Result<void>();
}

Task<Result<std::uint64_t>> Bucket::send(std::string doing, OutgoingMessage message) const {
    const auto link = link_;
    const auto shared = std::make_shared<const OutgoingMessage>(std::move(message));
    std::function<Result<std::uint64_t>(milliseconds)> work = [link, shared, doing](milliseconds left) {
        return write(*link, *shared, left, doing);
    };
    co_return co_await call<std::uint64_t>(link, timeout_, std::move(doing), std::move(work));
}

Task<Result<std::vector<std::string>>> Bucket::keys() const {
    using Keys = std::vector<std::string>;
    const auto link = link_;
    std::string doing = fmt::format("listing the keys of the bucket '{}'", name_);
    std::function<Result<Keys>(milliseconds)> work = [link, bucket = name_, doing](milliseconds left) {
        return KeyReader(*link, bucket, doing).read(left);
    };
    co_return co_await call<Keys>(link, timeout_, std::move(doing), std::move(work));
}

Task<Result<void>> Bucket::destroy() const {
    const auto link = link_;
    std::string doing = fmt::format("deleting the bucket '{}'", name_);
    std::function<Result<void>(milliseconds)> work = [link, bucket = name_, doing](milliseconds left) {
        return remove_stream(*link, stream_of(bucket), left, doing);
    };
    co_return co_await call<void>(link, timeout_, std::move(doing), std::move(work));
}

Task<Result<std::uint64_t>> Bucket::last_revision() const {
    const auto link = link_;
    std::string doing = fmt::format("looking at the bucket '{}'", name_);
    std::function<Result<std::uint64_t>(milliseconds)> work = [link, bucket = name_,
                                                               doing](milliseconds left) -> Result<std::uint64_t> {
        const Result<StreamInfo> info = look_at_stream(*link, stream_of(bucket), left, doing);
        if (!info) return info.error();
        return info->last_sequence;
    };
    co_return co_await call<std::uint64_t>(link, timeout_, std::move(doing), std::move(work));
}

}  // namespace enough::nats
