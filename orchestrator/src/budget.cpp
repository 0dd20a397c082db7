#include <enough/orchestrator/budget.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace enough {
namespace {

constexpr std::int64_t bytes_per_token = 3;
constexpr std::int64_t tokens_per_message = 8;
constexpr double million = 1e6;

std::int64_t tokens_of(const Usage& usage) {
    return usage.input_tokens + usage.output_tokens;
}

/// Output tokens that `usd` can still pay for.
std::int64_t affordable(double usd, const Price& price) {
    if (price.output <= 0) return std::numeric_limits<std::int64_t>::max();
    const double tokens = std::floor(usd / price.output * million);
    return tokens >= 9e18 ? std::numeric_limits<std::int64_t>::max() : static_cast<std::int64_t>(std::max(tokens, 0.0));
}

}  // namespace

std::int64_t estimated_input_tokens(const std::vector<Message>& messages) {
    std::int64_t tokens = 0;
    for (const Message& message : messages)
        tokens += (static_cast<std::int64_t>(message.content.size()) + bytes_per_token - 1) / bytes_per_token +
                  tokens_per_message;
    return tokens;
}

double cost_usd(const Usage& usage, const std::optional<Price>& price) {
    if (!price) return 0;
    const double cached = static_cast<double>(usage.cached_input_tokens);
    const double fresh = static_cast<double>(usage.input_tokens) - cached;
    return (fresh * price->input + cached * price->cached_input.value_or(price->input) +
            static_cast<double>(usage.output_tokens) * price->output) /
           million;
}

Budget::Admission Budget::reserve(const std::vector<Message>& messages, std::optional<std::int64_t> max_tokens,
                                  const std::optional<Price>& price) {
    if (limits_.calls && calls_ >= *limits_.calls)
        return {std::nullopt, fmt::format("limits.calls allows {}, all are used", *limits_.calls)};

    Reservation wanted{.input_tokens = estimated_input_tokens(messages), .max_tokens = max_tokens};
    const std::int64_t least = std::min(least_output, max_tokens.value_or(least_output));
    if (limits_.tokens) {
        const std::int64_t used = tokens_of(used_) + reserved_tokens_;
        const std::int64_t left = *limits_.tokens - used - wanted.input_tokens;
        if (left < least)
            return {std::nullopt,
                    fmt::format("limits.tokens allows {}, {} are used or reserved and the next call needs "
                                "about {} for its prompt and at least {} for its answer",
                                *limits_.tokens, used, wanted.input_tokens, least)};
        wanted.max_tokens = std::min(wanted.max_tokens.value_or(left), left);
    }
    if (limits_.usd && price) {
        const double used = used_usd_ + reserved_usd_;
        const double prompt = cost_usd({.input_tokens = wanted.input_tokens}, price);
        const std::int64_t left = affordable(*limits_.usd - used - prompt, *price);
        if (*limits_.usd - used - prompt < 0 || left < least)
            return {std::nullopt,
                    fmt::format("limits.usd allows {}, {:.6f} are used or reserved and the next call does "
                                "not fit into the rest",
                                *limits_.usd, used)};
        if (left != std::numeric_limits<std::int64_t>::max() || wanted.max_tokens)
            wanted.max_tokens = std::min(wanted.max_tokens.value_or(left), left);
    }
    wanted.tokens = wanted.input_tokens + wanted.max_tokens.value_or(0);
    wanted.usd = cost_usd({.input_tokens = wanted.input_tokens, .output_tokens = wanted.max_tokens.value_or(0)}, price);
    ++calls_;
    reserved_tokens_ += wanted.tokens;
    reserved_usd_ += wanted.usd;
    return {wanted, {}};
}

void Budget::commit(const Reservation& reservation, const Usage& usage, double usd) {
    reserved_tokens_ -= reservation.tokens;
    reserved_usd_ -= reservation.usd;
    used_ += usage;
    used_usd_ += usd;
}

std::optional<std::string> Budget::broken() const {
    if (limits_.tokens && tokens_of(used_) > *limits_.tokens)
        return fmt::format("limits.tokens allows {}, {} were used: a prompt had more tokens than estimated",
                           *limits_.tokens, tokens_of(used_));
    // Money is a sum of many products: a hair above the limit is rounding, not spending.
    if (limits_.usd && used_usd_ > *limits_.usd * (1 + 1e-12))
        return fmt::format("limits.usd allows {}, {:.6f} were used: a prompt had more tokens than estimated",
                           *limits_.usd, used_usd_);
    return std::nullopt;
}

bool Budget::operator==(const Budget& other) const {
    return used_ == other.used_ && used_usd_ == other.used_usd_ && calls_ == other.calls_ &&
           reserved_tokens_ == other.reserved_tokens_ && reserved_usd_ == other.reserved_usd_;
}

}  // namespace enough
