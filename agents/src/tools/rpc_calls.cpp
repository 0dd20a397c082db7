#include "tools/rpc_calls.hpp"

#include <utility>

namespace enough {

RpcCalls::RpcCalls(asio::any_io_executor executor, std::function<void(std::int64_t id)> given_up)
    : executor_(std::move(executor)), given_up_(std::move(given_up)) {}

RpcCalls::Call::Call(RpcCalls& calls) : calls_(calls), id_(calls.next_id_++), settled_(calls.executor_) {
    calls_.waiting_[id_] = this;
}

RpcCalls::Call::~Call() {
    calls_.waiting_.erase(id_);
    if (!outcome_) calls_.given_up_(id_);
}

void RpcCalls::settle(std::int64_t id, Result<RpcReply> outcome) {
    const auto found = waiting_.find(id);
    if (found == waiting_.end() || found->second->outcome_) return;
    found->second->outcome_ = std::move(outcome);
    found->second->settled_.set();
}

void RpcCalls::fail_all(const Failure& failure) {
    for (const auto& [id, call] : waiting_) {
        if (!call->outcome_) call->outcome_ = failure;
        call->settled_.set();
    }
}

}  // namespace enough
