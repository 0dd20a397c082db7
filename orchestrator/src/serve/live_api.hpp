#pragma once

#include "serve/http_message.hpp"
#include "serve/runs.hpp"

#include <string>

namespace enough {

/// `GET /v1/runs/ID/live`: what the calls of a run write, token by token with its entropy, as server-sent events:
///
///     event: text     {"call": 1, "pieces": [{"text": "It", "bits": 0.31}, {"text": "…", "bits": null, "phase":
///     "reasoning"}]} event: restart  {"call": 1}     what came of this call belongs to no answer: it begins anew
///     event: cut      {"call": 1}     no more of it is kept
///     event: end      {}              the run has ended, and everything has been sent
///
/// What is there already comes first. A reader holds up nobody: one that is slow gets larger events.
class LiveApi {
public:
    /// All must outlive it.
    LiveApi(asio::any_io_executor executor, Runs& runs, const ServerLimits& limits);

    Task<void> handle(std::string id, ResponseWriter& writer);

private:
    asio::any_io_executor executor_;
    Runs& runs_;
    const ServerLimits& limits_;
};

}  // namespace enough
