#include "fleet/batch_places.hpp"

#include "fleet/fleet_names.hpp"

#include <utility>

namespace enough::fleet {
namespace {

constexpr std::int64_t most_leased = 100'000;  // among all workers; what bounds it is how many slots they have

nats::ConsumerSettings workers_of(const BatchNotice& notice) {
    nats::ConsumerSettings settings;
    settings.stream = jobs_stream(notice.id);
    settings.name = "workers";
    settings.ack_wait = notice.lease;
    settings.max_ack_pending = most_leased;
    return settings;
}

bool gone(const nats::Result<void>& removed) {
    return removed.has_value() || removed.error().kind == nats::ErrorKind::not_found;
}

}  // namespace

Task<nats::Result<nats::Bucket>> open_batches(const nats::Connection& connection) {
    nats::BucketSettings settings;
    settings.name = batches_bucket;
    nats::Result<nats::Bucket> bucket = co_await nats::Bucket::ensure(connection, settings);
    co_return bucket;
}

Task<nats::Result<BatchPlaces>> BatchPlaces::open(const nats::Connection& connection, std::string batch) {
    nats::BucketSettings of_runs;
    of_runs.name = runs_bucket(batch);
    nats::Result<nats::Bucket> runs = co_await nats::Bucket::ensure(connection, of_runs);
    if (!runs.has_value()) co_return runs.error();
    nats::BucketSettings of_results;
    of_results.name = results_bucket(batch);
    nats::Result<nats::Bucket> results = co_await nats::Bucket::ensure(connection, of_results);
    if (!results.has_value()) co_return results.error();
    nats::BucketSettings of_payloads;
    of_payloads.name = payloads_bucket(batch);
    nats::Result<nats::Bucket> aside = co_await nats::Bucket::ensure(connection, of_payloads);
    if (!aside.has_value()) co_return aside.error();
    Payloads payloads(nats::Blobs(*aside), largest_inline(connection.max_payload()));
    co_return BatchPlaces{nats::JetStream(connection), nats::Messages(connection), *runs, *results,
                          std::move(payloads)};
}

Task<nats::Result<void>> open_jobs(const nats::JetStream& streams, const BatchNotice& notice) {
    nats::StreamSettings settings;
    settings.name = jobs_stream(notice.id);
    settings.subjects = {job_subject(notice.models, notice.id)};
    settings.retention = nats::Retention::work_queue;
    nats::Result<void> made = co_await streams.ensure_stream(settings);
    if (!made.has_value()) co_return made;
    nats::Result<nats::PullConsumer> consumer = co_await streams.ensure_consumer(workers_of(notice));
    if (!consumer.has_value()) co_return consumer.error();
    co_return made;
}

Task<nats::Result<nats::PullConsumer>> take_jobs(const nats::JetStream& streams, const BatchNotice& notice) {
    nats::Result<nats::PullConsumer> consumer = co_await streams.ensure_consumer(workers_of(notice));
    co_return consumer;
}

Task<nats::Result<void>> remove_places(const nats::Connection& connection, std::string batch) {
    nats::JetStream streams(connection);
    nats::Result<void> jobs = co_await streams.delete_stream(jobs_stream(batch));
    if (!gone(jobs)) co_return jobs;
    for (const std::string& bucket : {runs_bucket(batch), results_bucket(batch), payloads_bucket(batch)}) {
        // A bucket is a stream of this name.
        nats::Result<void> removed = co_await streams.delete_stream("KV_" + bucket);
        if (!gone(removed)) co_return removed;
    }
    nats::Result<nats::Bucket> batches = co_await open_batches(connection);
    if (!batches.has_value()) co_return batches.error();
    nats::Result<void> forgotten = co_await batches->remove(batch);
    co_return forgotten;
}

}  // namespace enough::fleet
