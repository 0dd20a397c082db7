#pragma once

#include "fleet/fleet_messages.hpp"
#include "fleet/payloads.hpp"
#include "nats/bucket.hpp"
#include "nats/connection.hpp"
#include "nats/jet_stream.hpp"
#include "nats/messages.hpp"

#include <string>

namespace enough::fleet {

/// Where one batch keeps its things on the server.
struct BatchPlaces {
    nats::JetStream streams;
    nats::Messages messages;
    nats::Bucket runs;     ///< what happened in the runs under way, by item
    nats::Bucket results;  ///< what came of items, each key created once; and waste
    Payloads payloads;

    /// Makes those that are not there.
    static Task<nats::Result<BatchPlaces>> open(const nats::Connection& connection, std::string batch);
};

/// The bucket of all batches; makes it if it is not there.
Task<nats::Result<nats::Bucket>> open_batches(const nats::Connection& connection);

/// The queue of a batch's jobs and how workers take from it; made if it is not there.
Task<nats::Result<void>> open_jobs(const nats::JetStream& streams, const BatchNotice& notice);
Task<nats::Result<nats::PullConsumer>> take_jobs(const nats::JetStream& streams, const BatchNotice& notice);

/// Removes all that a batch keeps on the server.
Task<nats::Result<void>> remove_places(const nats::Connection& connection, std::string batch);

}  // namespace enough::fleet
