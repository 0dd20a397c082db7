#pragma once

#include "async/occasion.hpp"
#include "tools/json_rpc.hpp"

#include <enough/agents/failure.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>

namespace enough {

/// The requests of one conversation that wait for their responses.
class RpcCalls {
public:
    /// `given_up` is told of a request that ended without a response. Must not throw.
    RpcCalls(asio::any_io_executor executor, std::function<void(std::int64_t id)> given_up);

    /// One request, from before it is sent until its outcome is known or nobody waits any more.
    class Call {
    public:
        explicit Call(RpcCalls& calls);
        ~Call();
        Call(const Call&) = delete;
        Call& operator=(const Call&) = delete;

        std::int64_t id() const { return id_; }
        Task<bool> settled(Deadline deadline) { return settled_.wait(deadline); }
        Result<RpcReply> outcome() const { return *outcome_; }

    private:
        friend class RpcCalls;
        RpcCalls& calls_;
        std::int64_t id_;
        Occasion settled_;
        std::optional<Result<RpcReply>> outcome_;
    };

    /// Does nothing if nobody waits for that.
    void settle(std::int64_t id, Result<RpcReply> outcome);
    void fail_all(const Failure& failure);

private:
    asio::any_io_executor executor_;
    std::function<void(std::int64_t id)> given_up_;
    std::int64_t next_id_ = 1;
    std::map<std::int64_t, Call*> waiting_;
};

}  // namespace enough
