#pragma once

#include "nats/link.hpp"
#include "nats/pull_consumer.hpp"

#include <chrono>
#include <memory>
#include <mutex>
#include <vector>

namespace enough::nats {

/// Messages as libnats hands them out.
using Batch = std::vector<MessageHandle>;

/// Asks for up to `most` messages and waits for the first. Blocks.
Result<Batch> fetch_batch(natsSubscription& subscription, int most, std::chrono::milliseconds wait,
                          const std::string& doing);

/// The subscriptions of one durable consumer: one for each fetch at a time, as libnats can't share one among several.
struct PullConsumer::Source {
    Source(std::shared_ptr<Link> on, ConsumerSettings of) : link(std::move(on)), settings(std::move(of)) {}
    ~Source();
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;

    /// Blocks.
    Result<std::vector<Delivery>> fetch(int most, std::chrono::milliseconds wait, const std::string& doing);

    const std::shared_ptr<Link> link;
    const ConsumerSettings settings;

private:
    Result<SubscriptionHandle> take(std::chrono::milliseconds left, const std::string& doing);
    Result<void> is_there(const std::string& doing) const;
    void give_back(SubscriptionHandle subscription);
    Result<Delivery> delivery_of(natsMsg& message) const;

    std::mutex mutex_;
    std::vector<SubscriptionHandle> idle_;
};

}  // namespace enough::nats
