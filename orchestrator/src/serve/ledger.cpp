#include "serve/ledger.hpp"

#include <algorithm>

namespace enough {
namespace {

template <class T>
std::optional<T> smaller(const std::optional<T>& a, const std::optional<T>& b) {
    if (a && b) return std::min(*a, *b);
    return a ? a : b;
}

}  // namespace

RunAllowance least(const RunAllowance& a, const RunAllowance& b) {
    return {smaller(a.usd, b.usd), smaller(a.tokens, b.tokens)};
}

bool exhausted(const RunAllowance& allowance) {
    return (allowance.usd && *allowance.usd <= 0) || (allowance.tokens && *allowance.tokens <= 0);
}

RunAllowance Ledger::left(Time now) {
    turn_page(now);
    RunAllowance left;
    if (limits_.usd) left.usd = std::max(*limits_.usd - used_usd_ - reserved_usd_, 0.0);
    if (limits_.tokens) left.tokens = std::max(*limits_.tokens - used_tokens_ - reserved_tokens_, std::int64_t{0});
    return left;
}

bool Ledger::spent(Time now) {
    turn_page(now);
    return (limits_.usd && used_usd_ >= *limits_.usd) || (limits_.tokens && used_tokens_ >= *limits_.tokens);
}

void Ledger::reserve(const RunAllowance& allowance) {
    reserved_usd_ += allowance.usd.value_or(0);
    reserved_tokens_ += allowance.tokens.value_or(0);
}

void Ledger::settle(const RunAllowance& reserved, std::int64_t tokens, double usd, Time now) {
    turn_page(now);
    reserved_usd_ = std::max(reserved_usd_ - reserved.usd.value_or(0), 0.0);
    reserved_tokens_ -= reserved.tokens.value_or(0);
    used_usd_ += usd;
    used_tokens_ += tokens;
}

std::chrono::seconds Ledger::until_tomorrow(Time now) {
    const auto tomorrow = std::chrono::floor<std::chrono::days>(now) + std::chrono::days(1);
    return std::chrono::ceil<std::chrono::seconds>(tomorrow - now);
}

/// A new day: what is reserved stays so, and counts for the day on which its run ends.
void Ledger::turn_page(Time now) {
    const auto today = std::chrono::floor<std::chrono::days>(now);
    if (period_ == Period::ever || today == day_) return;
    day_ = today;
    used_usd_ = 0;
    used_tokens_ = 0;
}

}  // namespace enough
