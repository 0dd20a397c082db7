#include "nats/pull_consumer.hpp"

#include "nats/call.hpp"
#include "nats/pull_source.hpp"
#include "nats/requests.hpp"
#include "nats/status.hpp"

#include <fmt/format.h>

#include <utility>

namespace enough::nats {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr milliseconds look_limit{2'000};

// The protocol of acknowledgements: https://docs.nats.io/reference/reference-protocols/nats_api_reference
constexpr const char* done = "+ACK";
constexpr const char* working = "+WPI";
constexpr const char* never_again = "+TERM";

std::string later(milliseconds delay) {
    return fmt::format("-NAK {{\"delay\": {}}}", std::chrono::duration_cast<nanoseconds>(delay).count());
}

Result<void> confirmed(const Link& link, const std::string& reply, const std::string& what, milliseconds left,
                       const std::string& doing) {
    natsMsg* raw = nullptr;
    const natsStatus status = natsConnection_Request(&raw, link.connection(), reply.c_str(), what.data(),
                                                     static_cast<int>(what.size()), left.count());
    const MessageHandle answer(raw);
    if (status == NATS_OK) return {};
    if (status == NATS_NO_RESPONDERS)
        return Error{ErrorKind::not_found, fmt::format("{} failed: its consumer is gone", doing)};
    return error_of(status, {}, doing);
}

Task<Result<void>> answer(std::shared_ptr<Link> link, std::string reply, std::string what, std::uint64_t sequence,
                          milliseconds timeout) {
    std::string doing = fmt::format("acknowledging message {}", sequence);
    std::function<Result<void>(milliseconds)> work = [link, reply, what, doing](milliseconds left) {
        return confirmed(*link, reply, what, left, doing);
    };
    co_return co_await call<void>(link, timeout, std::move(doing), std::move(work));
}

}  // namespace

Task<Result<void>> Delivery::ack(milliseconds timeout) const {
    return answer(link_, reply_, done, sequence_, timeout);
}

Task<Result<void>> Delivery::nak(milliseconds delay, milliseconds timeout) const {
    return answer(link_, reply_, later(delay), sequence_, timeout);
}

Task<Result<void>> Delivery::term(milliseconds timeout) const {
    return answer(link_, reply_, never_again, sequence_, timeout);
}

void Delivery::in_progress() const {
    link_->threads().submit([link = link_, reply = reply_] {
        if (link->connected()) natsConnection_PublishString(link->connection(), reply.c_str(), working);
    });
}

Result<Batch> fetch_batch(natsSubscription& subscription, int most, milliseconds wait, const std::string& doing) {
    natsMsgList list{};
    jsErrCode code = {};
    const natsStatus status = natsSubscription_Fetch(&list, &subscription, most, wait.count(), &code);
    Batch batch;
    for (int i = 0; i < list.Count; ++i)
        batch.emplace_back(std::exchange(list.Msgs[i], nullptr));
    natsMsgList_Destroy(&list);
    if (status == NATS_OK || status == NATS_TIMEOUT || !batch.empty()) return batch;
    return error_of(status, code, doing);
}

PullConsumer::Source::~Source() {
    for (SubscriptionHandle& each : idle_)
        link->dispose(std::move(each));
}

Result<SubscriptionHandle> PullConsumer::Source::take(milliseconds left, const std::string& doing) {
    {
        const std::lock_guard lock(mutex_);
        if (!idle_.empty()) {
            SubscriptionHandle subscription = std::move(idle_.back());
            idle_.pop_back();
            return subscription;
        }
    }
    jsSubOptions bind;
    jsSubOptions_Init(&bind);
    bind.Stream = settings.stream.c_str();
    bind.Consumer = settings.name.c_str();
    jsOptions options = options_within(left);
    natsSubscription* raw = nullptr;
    jsErrCode code = {};
    const std::string subject = settings.filter_subject.empty() ? ">" : settings.filter_subject;
    const natsStatus status =
        js_PullSubscribe(&raw, link->jet_stream(), subject.c_str(), settings.name.c_str(), &options, &bind, &code);
    SubscriptionHandle subscription(raw);
    if (status != NATS_OK) return error_of(status, code, doing);
    return subscription;
}

void PullConsumer::Source::give_back(SubscriptionHandle subscription) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(subscription));
}

Result<Delivery> PullConsumer::Source::delivery_of(natsMsg& message) const {
    jsMsgMetaData* raw = nullptr;
    const natsStatus status = natsMsg_GetMetaData(&raw, &message);
    const MetaDataHandle meta(raw);
    const char* reply = natsMsg_GetReply(&message);
    if (status != NATS_OK || reply == nullptr)
        return Error{ErrorKind::refused, "the NATS server sent a message without its place in the stream"};
    Delivery delivery;
    delivery.link_ = link;
    delivery.subject_ = natsMsg_GetSubject(&message);
    delivery.payload_ = payload_of(message);
    delivery.reply_ = reply;
    delivery.sequence_ = meta->Sequence.Stream;
    delivery.deliveries_ = meta->NumDelivered;
    return delivery;
}

Result<void> PullConsumer::Source::is_there(const std::string& doing) const {
    jsOptions options = options_within(look_limit);
    jsConsumerInfo* raw = nullptr;
    jsErrCode code = {};
    const natsStatus status =
        js_GetConsumerInfo(&raw, link->jet_stream(), settings.stream.c_str(), settings.name.c_str(), &options, &code);
    const ConsumerInfoHandle info(raw);
    if (code == JSConsumerNotFoundErr || code == JSStreamNotFoundErr) return error_of(status, code, doing);
    return {};  // or nothing is known
}

Result<std::vector<Delivery>> PullConsumer::Source::fetch(int most, milliseconds wait, const std::string& doing) {
    const auto until = Link::Clock::now() + wait;
    Result<SubscriptionHandle> subscription = take(wait, doing);
    if (!subscription) return subscription.error();
    const auto left = std::chrono::ceil<milliseconds>(until - Link::Clock::now());
    const Result<Batch> batch = fetch_batch(**subscription, most, std::max(left, milliseconds(1)), doing);
    if (!batch) {
        // What is left of this request must not meet the next one.
        link->dispose(std::move(*subscription));
        return batch.error();
    }
    if (batch->empty()) {
        // The server lets those wait in silence who ask a consumer that is gone.
        const Result<void> there = is_there(doing);
        if (!there) {
            link->dispose(std::move(*subscription));
            return there.error();
        }
    }
    std::vector<Delivery> deliveries;
    for (const MessageHandle& message : *batch) {
        Result<Delivery> delivery = delivery_of(*message);
        if (!delivery) return delivery.error();
        deliveries.push_back(std::move(*delivery));
    }
    give_back(std::move(*subscription));
    return deliveries;
}

Task<Result<std::vector<Delivery>>> PullConsumer::fetch(int most, milliseconds wait) const {
    using Deliveries = std::vector<Delivery>;
    const auto source = source_;
    const auto link = source->link;
    const auto until = Link::Clock::now() + wait;
    std::string doing = fmt::format("fetching from the consumer '{}'", source->settings.name);
    std::function<Result<Deliveries>()> work = [source, link, most, until, doing]() -> Result<Deliveries> {
        if (!link->wait_connected(until)) {
            if (link->closed()) return link->no_connection(doing);
            return Deliveries();
        }
        const auto left = std::chrono::ceil<milliseconds>(until - Link::Clock::now());
        if (left <= milliseconds::zero()) return Deliveries();
        return source->fetch(most, left, doing);
    };
    std::function<void(Result<Deliveries>&)> hand_back = [link](Result<Deliveries>& unclaimed) {
        if (!unclaimed) return;
        link->threads().submit([link, left = std::move(*unclaimed)] {
            for (const Delivery& each : left)
                natsConnection_PublishString(link->connection(), each.reply_.c_str(), "-NAK");
        });
    };
    co_return co_await on_thread<Deliveries>(link, std::move(work), std::move(hand_back));
}

}  // namespace enough::nats
