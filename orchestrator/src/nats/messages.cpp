#include "nats/messages.hpp"

#include "nats/call.hpp"
#include "nats/requests.hpp"
#include "nats/status.hpp"

#include <fmt/format.h>

#include <deque>
#include <utility>

namespace enough::nats {
namespace {

using std::chrono::milliseconds;

Message message_of(const natsMsg& message) {
    const char* reply = natsMsg_GetReply(&message);
    return Message{natsMsg_GetSubject(&message), payload_of(message), reply ? reply : ""};
}

Result<void> check_message(const Link& link, const std::string& subject, const std::string& payload,
                           const std::string& doing) {
    const Result<void> named = check_subject(subject, Wildcards::none, doing);
    if (!named) return named;
    return check_size(link, payload, doing);
}

}  // namespace

/// Filled by a thread of libnats.
struct Subscription::Queue {
    explicit Queue(std::size_t most) : capacity(most) {}

    void put(Message message) {
        {
            const std::lock_guard lock(mutex);
            waiting.push_back(std::move(message));
            if (waiting.size() > capacity) {
                waiting.pop_front();
                ++dropped;
            }
        }
        wakeup->notify();
    }

    void end() {
        {
            const std::lock_guard lock(mutex);
            ended = true;
        }
        wakeup->notify();
    }

    std::optional<Message> take() {
        const std::lock_guard lock(mutex);
        if (waiting.empty()) return std::nullopt;
        Message oldest = std::move(waiting.front());
        waiting.pop_front();
        return oldest;
    }

    bool is_ended() {
        const std::lock_guard lock(mutex);
        return ended;
    }

    using Closure = std::shared_ptr<Queue>;

    static void on_message(natsConnection*, natsSubscription*, natsMsg* raw, void* closure) {
        const MessageHandle message(raw);
        (*static_cast<Closure*>(closure))->put(message_of(*message));
    }

    /// The last that libnats says about a subscription.
    static void on_complete(void* closure) {
        const std::unique_ptr<Closure> owner(static_cast<Closure*>(closure));
        (*owner)->end();
    }

    const std::size_t capacity;
    const std::shared_ptr<Wakeup> wakeup = std::make_shared<Wakeup>();
    std::mutex mutex;
    std::deque<Message> waiting;
    std::uint64_t dropped = 0;
    bool ended = false;
};

struct Subscription::Handle {
    Handle(std::shared_ptr<Link> on, SubscriptionHandle what, std::shared_ptr<Queue> into)
        : link(std::move(on)), subscription(std::move(what)), queue(std::move(into)) {}
    ~Handle() { link->dispose(std::move(subscription)); }
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;

    std::shared_ptr<Link> link;
    SubscriptionHandle subscription;
    std::shared_ptr<Queue> queue;
};

Subscription::Subscription(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}
Subscription::~Subscription() = default;
Subscription::Subscription(Subscription&&) noexcept = default;
Subscription& Subscription::operator=(Subscription&&) noexcept = default;

Task<Result<Message>> Subscription::next(Deadline deadline) {
    const auto queue = handle_->queue;
    for (;;) {
        std::optional<Message> message = queue->take();
        if (message) co_return std::move(*message);
        if (queue->is_ended()) co_return Error{ErrorKind::connection, "the connection to NATS is closed"};
        const bool woken = co_await queue->wakeup->wait(deadline);
        if (!woken) co_return Error{ErrorKind::timeout, "no message came in time"};
    }
}

std::uint64_t Subscription::dropped() const {
    const std::lock_guard lock(handle_->queue->mutex);
    return handle_->queue->dropped;
}

Task<Result<void>> Messages::publish(std::string subject, std::string payload, milliseconds timeout) const {
    const auto link = link_;
    std::string doing = fmt::format("publishing to '{}'", subject);
    auto bytes = std::make_shared<const std::string>(std::move(payload));
    std::function<Result<void>(milliseconds)> work = [link, subject, bytes, doing](milliseconds) -> Result<void> {
        const natsStatus status =
            natsConnection_Publish(link->connection(), subject.c_str(), bytes->data(), static_cast<int>(bytes->size()));
        if (status != NATS_OK) return error_of(status, {}, doing);
        return {};
    };
    co_return co_await call<void>(link, timeout, std::move(doing), std::move(work));
}

Task<Result<Subscription>> Messages::subscribe(std::string subject, std::size_t capacity, milliseconds timeout) const {
    using Shared = std::shared_ptr<Subscription>;
    const auto link = link_;
    std::string doing = fmt::format("subscribing to '{}'", subject);
    std::function<Result<Shared>(milliseconds)> work = [link, subject, capacity,
                                                        doing](milliseconds left) -> Result<Shared> {
        const Result<void> named = check_subject(subject, Wildcards::allowed, doing);
        if (!named) return named.error();
        auto queue = std::make_shared<Subscription::Queue>(capacity);
        auto closure = std::make_unique<Subscription::Queue::Closure>(queue);
        natsSubscription* raw = nullptr;
        natsStatus status = natsConnection_Subscribe(&raw, link->connection(), subject.c_str(),
                                                     &Subscription::Queue::on_message, closure.get());
        SubscriptionHandle subscription(raw);
        if (status != NATS_OK) return error_of(status, {}, doing);
        // No limit but ours, or libnats would drop the newest.
        natsSubscription_SetPendingLimits(raw, -1, -1);
        status = natsSubscription_SetOnCompleteCB(raw, &Subscription::Queue::on_complete, closure.get());
        closure.release();  // from here on libnats ends it; where it did not take that, it stays
        if (status != NATS_OK) return error_of(status, {}, doing);
        auto handle = std::make_unique<Subscription::Handle>(link, std::move(subscription), queue);
        Shared made(new Subscription(std::move(handle)));
        status = natsConnection_FlushTimeout(link->connection(), left.count());
        if (status != NATS_OK) return error_of(status, {}, doing);
        return made;
    };
    const Result<Shared> made = co_await call<Shared>(link, timeout, std::move(doing), std::move(work));
    if (!made) co_return made.error();
    co_return std::move(**made);
}

Task<Result<Message>> Messages::request(std::string subject, std::string payload, milliseconds timeout) const {
    const auto link = link_;
    std::string doing = fmt::format("asking '{}'", subject);
    auto bytes = std::make_shared<const std::string>(std::move(payload));
    std::function<Result<Message>(milliseconds)> work = [link, subject, bytes,
                                                         doing](milliseconds left) -> Result<Message> {
        const Result<void> checked = check_message(*link, subject, *bytes, doing);
        if (!checked) return checked.error();
        natsMsg* raw = nullptr;
        const natsStatus status = natsConnection_Request(&raw, link->connection(), subject.c_str(), bytes->data(),
                                                         static_cast<int>(bytes->size()), left.count());
        const MessageHandle answer(raw);
        if (status != NATS_OK) return error_of(status, {}, doing);
        return message_of(*answer);
    };
    co_return co_await call<Message>(link, timeout, std::move(doing), std::move(work));
}

}  // namespace enough::nats
