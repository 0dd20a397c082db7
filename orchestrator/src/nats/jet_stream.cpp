#include "nats/jet_stream.hpp"

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

std::int64_t nanoseconds_of(milliseconds duration) {
    return std::chrono::duration_cast<nanoseconds>(duration).count();
}

/// Whether the consumer that is there is the one that is wanted.
bool same(const jsConsumerConfig& there, const ConsumerSettings& wanted) {
    const std::string filter = there.FilterSubject ? there.FilterSubject : "";
    const bool begins_alike = wanted.from_sequence ? there.DeliverPolicy == js_DeliverByStartSequence &&
                                                         there.OptStartSeq == *wanted.from_sequence
                                                   : there.DeliverPolicy == js_DeliverAll;
    return begins_alike && filter == wanted.filter_subject && there.AckPolicy == js_AckExplicit &&
           there.AckWait == nanoseconds_of(wanted.ack_wait) && there.MaxAckPending == wanted.max_ack_pending;
}

Result<void> add_consumer(const Link& link, const ConsumerSettings& wanted, milliseconds left,
                          const std::string& doing) {
    jsConsumerConfig config;
    jsConsumerConfig_Init(&config);
    config.Durable = wanted.name.c_str();
    config.AckPolicy = js_AckExplicit;
    config.AckWait = nanoseconds_of(wanted.ack_wait);
    config.MaxAckPending = wanted.max_ack_pending;
    config.MaxDeliver = -1;
    if (!wanted.filter_subject.empty()) config.FilterSubject = wanted.filter_subject.c_str();
    if (wanted.from_sequence) {
        config.DeliverPolicy = js_DeliverByStartSequence;
        config.OptStartSeq = *wanted.from_sequence;
    }
    jsOptions options = options_within(left);
    jsConsumerInfo* info = nullptr;
    jsErrCode code = {};
    const natsStatus status = js_AddConsumer(&info, link.jet_stream(), wanted.stream.c_str(), &config, &options, &code);
    const ConsumerInfoHandle owner(info);
    if (status != NATS_OK) return error_of(status, code, doing);
    return {};
}

/// The server would change a consumer that is there, and so take away what others count on: it is looked at first.
Result<void> ensure_consumer_is_there(const Link& link, const ConsumerSettings& wanted, milliseconds left,
                                      const std::string& doing) {
    jsOptions options = options_within(left);
    jsConsumerInfo* info = nullptr;
    jsErrCode code = {};
    const natsStatus status =
        js_GetConsumerInfo(&info, link.jet_stream(), wanted.stream.c_str(), wanted.name.c_str(), &options, &code);
    const ConsumerInfoHandle owner(info);
    if (status == NATS_OK) {
        if (same(*info->Config, wanted)) return {};
        return Error{ErrorKind::exists, fmt::format("{} failed: it is there with other settings", doing)};
    }
    if (code == JSConsumerNotFoundErr) return add_consumer(link, wanted, left, doing);
    return error_of(status, code, doing);
}

}  // namespace

Task<Result<void>> JetStream::ensure_stream(StreamSettings settings) const {
    const auto link = link_;
    std::string doing = fmt::format("creating the stream '{}'", settings.name);
    std::function<Result<void>(milliseconds)> work = [link, settings, doing](milliseconds left) -> Result<void> {
        std::vector<const char*> subjects;
        for (const std::string& subject : settings.subjects)
            subjects.push_back(subject.c_str());
        jsStreamConfig config;
        jsStreamConfig_Init(&config);
        config.Name = settings.name.c_str();
        config.Subjects = subjects.data();
        config.SubjectsLen = static_cast<int>(subjects.size());
        config.Retention = settings.retention == Retention::work_queue ? js_WorkQueuePolicy : js_LimitsPolicy;
        config.Storage = js_FileStorage;
        config.Duplicates = nanoseconds_of(settings.duplicate_window);
        config.Discard = settings.refuse_when_full ? js_DiscardNew : js_DiscardOld;
        if (settings.max_messages) config.MaxMsgs = *settings.max_messages;
        if (settings.max_bytes) config.MaxBytes = *settings.max_bytes;
        if (settings.max_age) config.MaxAge = nanoseconds_of(*settings.max_age);
        return add_stream(*link, config, left, doing);
    };
    co_return co_await call<void>(link, timeout_, std::move(doing), std::move(work));
}

Task<Result<void>> JetStream::delete_stream(std::string stream) const {
    const auto link = link_;
    std::string doing = fmt::format("deleting the stream '{}'", stream);
    std::function<Result<void>(milliseconds)> work = [link, stream, doing](milliseconds left) {
        return remove_stream(*link, stream, left, doing);
    };
    co_return co_await call<void>(link, timeout_, std::move(doing), std::move(work));
}

Task<Result<StreamInfo>> JetStream::stream_info(std::string stream) const {
    const auto link = link_;
    std::string doing = fmt::format("looking at the stream '{}'", stream);
    std::function<Result<StreamInfo>(milliseconds)> work = [link, stream, doing](milliseconds left) {
        return look_at_stream(*link, stream, left, doing);
    };
    co_return co_await call<StreamInfo>(link, timeout_, std::move(doing), std::move(work));
}

Task<Result<Published>> JetStream::publish(std::string subject, std::string payload, std::string message_id) const {
    const auto link = link_;
    std::string doing = fmt::format("publishing to '{}'", subject);
    auto message = std::make_shared<OutgoingMessage>();
    message->subject = std::move(subject);
    message->payload = std::move(payload);
    message->id = std::move(message_id);
    std::function<Result<Published>(milliseconds)> work = [link, message, doing](milliseconds left) {
        return store(*link, *message, left, doing);
    };
    co_return co_await call<Published>(link, timeout_, std::move(doing), std::move(work));
}

Task<Result<std::optional<StoredMessage>>> JetStream::last_message(std::string stream, std::string subject) const {
    using Found = std::optional<StoredMessage>;
    const auto link = link_;
    std::string doing = fmt::format("reading the last message of '{}'", subject);
    std::function<Result<Found>(milliseconds)> work = [link, stream, subject,
                                                       doing](milliseconds left) -> Result<Found> {
        const Result<MessageHandle> message = last_of(*link, stream, subject, left, doing);
        if (!message) return message.error();
        if (!*message) return Found();
        StoredMessage found;
        found.subject = natsMsg_GetSubject(message->get());
        found.payload = payload_of(**message);
        found.sequence = natsMsg_GetSequence(message->get());
        return Found(std::move(found));
    };
    co_return co_await call<Found>(link, timeout_, std::move(doing), std::move(work));
}

Task<Result<void>> JetStream::purge(std::string stream, std::string subject) const {
    const auto link = link_;
    std::string doing = fmt::format("removing the messages of '{}'", subject);
    std::function<Result<void>(milliseconds)> work = [link, stream, subject, doing](milliseconds left) {
        return purge_subject(*link, stream, subject, left, doing);
    };
    co_return co_await call<void>(link, timeout_, std::move(doing), std::move(work));
}

Task<Result<PullConsumer>> JetStream::ensure_consumer(ConsumerSettings settings) const {
    const auto link = link_;
    std::string doing = fmt::format("creating the consumer '{}' of the stream '{}'", settings.name, settings.stream);
    std::function<Result<void>(milliseconds)> work = [link, settings, doing](milliseconds left) {
        return ensure_consumer_is_there(*link, settings, left, doing);
    };
    const Result<void> there = co_await call<void>(link, timeout_, std::move(doing), std::move(work));
    if (!there) co_return there.error();
    co_return PullConsumer(std::make_shared<PullConsumer::Source>(link, settings));
}

Task<Result<void>> JetStream::delete_consumer(std::string stream, std::string consumer) const {
    const auto link = link_;
    std::string doing = fmt::format("deleting the consumer '{}' of the stream '{}'", consumer, stream);
    std::function<Result<void>(milliseconds)> work = [link, stream, consumer,
                                                      doing](milliseconds left) -> Result<void> {
        Result<void> named = check_stream_name(stream, doing);
        if (named) named = check_stream_name(consumer, doing);
        if (!named) return named;
        jsOptions options = options_within(left);
        jsErrCode code = {};
        const natsStatus status =
            js_DeleteConsumer(link->jet_stream(), stream.c_str(), consumer.c_str(), &options, &code);
        if (status != NATS_OK) return error_of(status, code, doing);
        return {};
    };
    co_return co_await call<void>(link, timeout_, std::move(doing), std::move(work));
}

}  // namespace enough::nats
