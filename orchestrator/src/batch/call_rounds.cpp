#include "batch/call_rounds.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace enough {
namespace {

constexpr std::size_t page_size = 64;
constexpr const char* spent = "the batch's budget of calls is spent";

}  // namespace

CallRounds::CallRounds(BatchState& state, CallShares& shares, std::int64_t allowed)
    : state_(state), shares_(shares), allowed_(allowed), granted_(shares.granted()) {}

bool CallRounds::turn() {
    last_.reset();
    page_.clear();
    if (!pass_) {
        pass_ = Pass::cut_off;
        return true;
    }
    const std::optional<int> fewest = shares_.fewest();
    if (!fewest) return false;
    pass_ = granted_ < allowed_ ? Pass::round : Pass::end;
    round_ = *fewest;
    return true;
}

std::vector<CallShare> CallRounds::page(std::size_t most) {
    const std::int64_t after = last_ ? last_->item : 0;
    switch (*pass_) {
        case Pass::cut_off:
            return shares_.under_way(after, most);
        case Pass::end:
            return shares_.waiting(after, most);
        case Pass::round:
            break;
    }
    return shares_.in_need(round_, last_, most);
}

std::optional<BatchItem> CallRounds::next() {
    if (pass_ == Pass::round && granted_ >= allowed_) return std::nullopt;
    if (page_.empty())
        for (const CallShare& share : page(page_size))
            page_.push_back(share);
    if (page_.empty()) return std::nullopt;
    last_ = page_.front();
    page_.pop_front();
    std::optional<BatchItem> item(state_.item(last_->item));
    item->granted_calls = last_->granted;
    if (pass_ == Pass::round) {
        ++granted_;
        ++*item->granted_calls;
    }
    // One that was never begun is begun first, without a call, and ended in the next pass.
    if (pass_ == Pass::end && !item->recorded.empty()) item->calls_ended = spent;
    return item;
}

std::string CallRounds::pass_in_words() {
    switch (pass_.value_or(Pass::cut_off)) {
        case Pass::cut_off:
            return {};
        case Pass::end:
            return fmt::format("the {} calls are spent; {} item(s) end with what they have", allowed_,
                               shares_.waiting());
        case Pass::round:
            break;
    }
    return fmt::format("round {}: {} item(s) wait for a call, {} call(s) are left", round_ + 1, shares_.waiting(),
                       allowed_ - granted_);
}

}  // namespace enough
