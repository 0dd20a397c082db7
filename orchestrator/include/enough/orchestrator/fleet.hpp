#pragma once

#include <enough/async/task.hpp>
#include <enough/orchestrator/batch.hpp>
#include <enough/workflows/bundle.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

// A batch spread over workers by a NATS server with JetStream (docs/distributed.md). The workflow's YAML is the same as
// on one machine.
namespace enough {

/// How the NATS server is reached.
struct FleetServer {
    std::vector<std::string> urls;  ///< `nats://` or `tls://`, of one cluster; may hold a password or token
    std::string credentials_file;   ///< of NATS's own kind; empty: none
    std::string ca_file;            ///< PEM; empty: the system's
};

/// Told in words, without secrets, what is worth knowing beside results: lost connections, workers that refuse.
using FleetNotice = std::function<void(std::string)>;

struct FleetBatchSettings {
    FleetServer server;
    std::chrono::milliseconds lease{30'000};    ///< a worker that says nothing for so long loses its item
    std::chrono::milliseconds silence{10'000};  ///< workers stop when they hear nothing of the batch for so long
    int max_deliveries = 5;                     ///< an item that so many workers did not survive is given up: failed
    FleetNotice notice;
};

/// Has the batch's items run by whoever serves it, and removes what it kept on the server once all have ended. Like
/// `Batch::run` otherwise; at most `BatchSettings::concurrency` items are on the server at a time. What was spent and
/// counts for nothing is in `BatchCounts::wasted`. Throws `std::runtime_error` in words when the server can't be used.
///
/// Cancelled, it tells the workers, who stop their calls at once and keep what has been answered: `--resume` goes on.
Task<BatchEnd> run_on_fleet(Batch& batch, const Workflow& workflow, WorkflowBundle bundle, FleetBatchSettings settings);

struct FleetWorkerSettings {
    FleetServer server;
    std::string name;                 ///< empty: host name and process id
    int slots = 16;                   ///< runs at once
    std::vector<std::string> models;  ///< the only ones it serves; empty: any
    FleetNotice notice;
};

/// Serves every batch that it can, until it is cancelled: then its calls are stopped, what has been answered is kept,
/// and its items go to others. Throws `std::runtime_error` in words when the server can't be reached at first.
Task<void> work_for_fleet(FleetWorkerSettings settings);

/// A batch on a server.
struct FleetBatchView {
    std::string id;
    std::string workflow;
    std::string begun;  ///< RFC 3339
    std::vector<std::string> models;
    std::int64_t waiting = 0;    ///< jobs on the server that have not ended, those under way included
    std::int64_t under_way = 0;  ///< runs that have recorded something
    bool alive = false;          ///< its program was heard while we looked
    std::vector<std::string> workers;
};

/// What is on a server; listens for about one beat.
Task<std::vector<FleetBatchView>> fleet_status(FleetServer server);

}  // namespace enough
