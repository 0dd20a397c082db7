#include "nats/bucket_feed.hpp"

#include "nats/bucket_names.hpp"
#include "nats/call.hpp"
#include "nats/pull_source.hpp"
#include "nats/requests.hpp"
#include "nats/status.hpp"

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace enough::nats {
namespace {

using std::chrono::milliseconds;

// The server forgets a reader that has not asked for so long; we make a new one some time before.
constexpr std::chrono::seconds reader_kept{120};
constexpr std::chrono::seconds reader_trusted{60};

}  // namespace

/// A consumer of the bucket's stream that the server keeps in memory for us, without acknowledgements. Any doubt
/// whether it has given us everything is answered by making another one where we stand.
struct BucketFeed::Source {
    Source(std::shared_ptr<Link> on, SubscriptionHandle what)
        : link(std::move(on)), subscription(std::move(what)), reconnects(link->reconnects()) {}
    ~Source() { link->dispose(std::move(subscription)); }
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;

    /// What was on its way when the connection was lost is not sent again.
    bool in_doubt() const { return link->reconnects() != reconnects || Link::Clock::now() - used > reader_trusted; }

    /// Whether the server has handed out nothing that has not come.
    Result<bool> complete(milliseconds left, const std::string& doing) const {
        jsOptions options = options_within(left);
        jsConsumerInfo* raw = nullptr;
        jsErrCode code = {};
        const natsStatus status = natsSubscription_GetConsumerInfo(&raw, subscription.get(), &options, &code);
        const ConsumerInfoHandle info(raw);
        if (status != NATS_OK) return error_of(status, code, doing);
        return info->Delivered.Consumer == received;
    }

    std::shared_ptr<Link> link;
    SubscriptionHandle subscription;
    std::uint64_t reconnects;
    std::uint64_t received = 0;  // by the consumer's own count
    Link::Clock::time_point used = Link::Clock::now();
};

/// One call, on a thread.
struct BucketFeed::Step {
    std::shared_ptr<Link> link;
    std::string bucket;
    std::shared_ptr<Source> source;
    std::uint64_t next;
    int most;
    std::string doing;
    std::vector<BucketChange> changes = {};

    Result<void> run(milliseconds left) {
        if (source && source->in_doubt()) source.reset();
        if (!source) {
            Result<void> made = make_source(left);
            if (!made) return made;
        }
        const Result<Batch> batch = fetch_batch(*source->subscription, most, left, doing);
        source->used = Link::Clock::now();
        if (!batch) {
            source.reset();
            return {};
        }
        for (const MessageHandle& message : *batch) {
            if (!add(*message)) {
                source.reset();
                break;
            }
        }
        if (batch->empty()) check();
        return {};
    }

    Result<void> make_source(milliseconds left) {
        const std::string stream = stream_of(bucket);
        const std::string subject = subject_of(bucket, ">");
        jsSubOptions settings;
        jsSubOptions_Init(&settings);
        settings.Stream = stream.c_str();
        settings.Config.DeliverPolicy = js_DeliverByStartSequence;
        settings.Config.OptStartSeq = next;
        settings.Config.AckPolicy = js_AckNone;
        settings.Config.InactiveThreshold = std::chrono::nanoseconds(reader_kept).count();
        jsOptions options = options_within(left);
        natsSubscription* raw = nullptr;
        jsErrCode code = {};
        const natsStatus status =
            js_PullSubscribe(&raw, link->jet_stream(), subject.c_str(), nullptr, &options, &settings, &code);
        SubscriptionHandle subscription(raw);
        if (status != NATS_OK) return error_of(status, code, doing);
        source = std::make_shared<Source>(link, std::move(subscription));
        return {};
    }

    /// False if something is missing before it.
    bool add(natsMsg& message) {
        jsMsgMetaData* raw = nullptr;
        const natsStatus status = natsMsg_GetMetaData(&raw, &message);
        const MetaDataHandle meta(raw);
        if (status != NATS_OK || meta->Sequence.Consumer != source->received + 1) return false;
        ++source->received;
        if (meta->Sequence.Stream < next) return true;
        next = meta->Sequence.Stream + 1;
        BucketChange change;
        const std::string prefix = subject_of(bucket, "");
        change.key = std::string(natsMsg_GetSubject(&message)).substr(prefix.size());
        change.revision = meta->Sequence.Stream;
        const char* mark = nullptr;
        if (natsMsgHeader_Get(&message, "KV-Operation", &mark) == NATS_OK)
            change.operation = BucketChange::Operation::removed;
        else
            change.value = payload_of(message);
        changes.push_back(std::move(change));
        return true;
    }

    /// Nothing came: is there nothing, or has it been lost on the way, or our consumer?
    void check() {
        const Result<bool> complete = source->complete(timeout, doing);
        if (!complete || !*complete) source.reset();
    }

    milliseconds timeout;
};

BucketFeed::BucketFeed(const Bucket& bucket, std::uint64_t from_revision)
    : link_(bucket.link_),
      bucket_(bucket.name()),
      next_(std::max<std::uint64_t>(from_revision, 1)),
      timeout_(bucket.timeout_) {}

Task<Result<std::vector<BucketChange>>> BucketFeed::next(int most, milliseconds wait) {
    using Finished = std::shared_ptr<Step>;
    const auto link = link_;
    const auto until = Link::Clock::now() + wait;
    auto step = std::make_shared<Step>();
    step->link = link_;
    step->bucket = bucket_;
    step->source = std::exchange(source_, nullptr);  // back when the call has ended well
    step->next = next_;
    step->most = most;
    step->doing = fmt::format("following the bucket '{}'", bucket_);
    step->timeout = timeout_;
    std::function<Result<Finished>()> work = [step, link, until]() -> Result<Finished> {
        if (!link->wait_connected(until)) {
            if (link->closed()) return link->no_connection(step->doing);
            return step;
        }
        const auto left = std::chrono::ceil<milliseconds>(until - Link::Clock::now());
        const Result<void> run = step->run(std::max(left, milliseconds(1)));
        if (!run) return run.error();
        return step;
    };
    step.reset();
    const Result<Finished> finished = co_await on_thread<Finished>(link, std::move(work));
    if (!finished && finished.error().kind == ErrorKind::timeout) co_return std::vector<BucketChange>();
    if (!finished) co_return finished.error();
    source_ = std::move((*finished)->source);
    next_ = (*finished)->next;
    co_return std::move((*finished)->changes);
}

}  // namespace enough::nats
