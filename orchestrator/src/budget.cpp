#include <enough/orchestrator/budget.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

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

std::int64_t text_tokens(std::string_view text) {
    return (static_cast<std::int64_t>(text.size()) + bytes_per_token - 1) / bytes_per_token;
}

}  // namespace

std::int64_t estimated_input_tokens(const std::vector<Message>& messages, const std::vector<ToolSpec>& tools) {
    std::int64_t tokens = 0;
    for (const Message& message : messages) {
        tokens += text_tokens(message.content) + tokens_per_message;
        for (const ToolCall& call : message.tool_calls)
            tokens += text_tokens(call.name) + text_tokens(call.arguments) + tokens_per_message;
    }
    for (const ToolSpec& tool : tools)
        tokens +=
            text_tokens(tool.name) + text_tokens(tool.description) + text_tokens(tool.parameters) + tokens_per_message;
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

std::optional<std::string> Budget::refusal(Demand& demand) const {
    if (limits_.calls && calls_ >= *limits_.calls)
        return fmt::format("limits.calls allows {}, all are used", *limits_.calls);

    const std::int64_t least = std::min(least_output, demand.max_tokens.value_or(least_output));
    if (limits_.tokens) {
        const std::int64_t used = tokens_of(used_) + reserved_tokens_;
        const std::int64_t left = *limits_.tokens - used - demand.input_tokens;
        if (left < least)
            return fmt::format(
                "limits.tokens allows {}, {} are used or reserved and the next call needs "
                "about {} for its prompt and at least {} for its answer",
                *limits_.tokens, used, demand.input_tokens, least);
        demand.max_tokens = std::min(demand.max_tokens.value_or(left), left);
    }
    if (limits_.usd && demand.price) {
        const double used = used_usd_ + reserved_usd_;
        const double prompt = cost_usd({.input_tokens = demand.input_tokens}, demand.price);
        const std::int64_t left = affordable(*limits_.usd - used - prompt, *demand.price);
        if (*limits_.usd - used - prompt < 0 || left < least)
            return fmt::format(
                "limits.usd allows {}, {:.6f} are used or reserved and the next call does not fit into the rest",
                *limits_.usd, used);
        if (left != std::numeric_limits<std::int64_t>::max() || demand.max_tokens)
            demand.max_tokens = std::min(demand.max_tokens.value_or(left), left);
    }
    return std::nullopt;
}

std::optional<std::string> Budget::refusal(const Reservation& again) const {
    if (limits_.tokens && tokens_of(used_) + reserved_tokens_ + again.tokens > *limits_.tokens)
        return fmt::format("limits.tokens allows {}, another attempt does not fit into the rest", *limits_.tokens);
    if (limits_.usd && used_usd_ + reserved_usd_ + again.usd > *limits_.usd)
        return fmt::format("limits.usd allows {}, another attempt does not fit into the rest", *limits_.usd);
    return std::nullopt;
}

void Budget::reserve(const Reservation& reservation) {
    reserved_tokens_ += reservation.tokens;
    reserved_usd_ += reservation.usd;
}

void Budget::release(const Reservation& reservation) {
    reserved_tokens_ -= reservation.tokens;
    reserved_usd_ -= reservation.usd;
}

void Budget::commit(const Usage& usage, double usd) {
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

PurseId Purses::open(PurseId around, RunLimits limits) {
    purses_.push_back({Budget(limits), around});
    return purses_.size() - 1;
}

Purses::Admission Purses::reserve(PurseId purse, Demand demand) {
    Admission admission;
    outwards(*this, purse, [&](PurseId id, const Budget& budget) {
        if (auto refusal = budget.refusal(demand)) {
            admission.refusal = *std::move(refusal);
            admission.refused_by = id;
        }
        return admission.refusal.empty();
    });
    if (!admission.refusal.empty()) return admission;

    Reservation taken{.input_tokens = demand.input_tokens, .max_tokens = demand.max_tokens};
    const std::int64_t output = demand.max_tokens.value_or(0);
    taken.tokens = taken.input_tokens + output;
    taken.usd = cost_usd({.input_tokens = taken.input_tokens, .output_tokens = output}, demand.price);
    outwards(*this, purse, [&](PurseId, Budget& budget) {
        budget.count_call();
        budget.reserve(taken);
        return true;
    });
    admission.reservation = taken;
    return admission;
}

bool Purses::reserve_again(PurseId purse, const Reservation& reservation) {
    bool fits = true;
    outwards(*this, purse, [&](PurseId, const Budget& budget) { return fits = !budget.refusal(reservation); });
    if (!fits) return false;
    outwards(*this, purse, [&](PurseId, Budget& budget) {
        budget.reserve(reservation);
        return true;
    });
    return true;
}

void Purses::release(PurseId purse, const Reservation& reservation) {
    outwards(*this, purse, [&](PurseId, Budget& budget) {
        budget.release(reservation);
        return true;
    });
}

void Purses::commit(PurseId purse, const Usage& usage, double usd) {
    outwards(*this, purse, [&](PurseId, Budget& budget) {
        budget.commit(usage, usd);
        return true;
    });
}

std::optional<Purses::Broken> Purses::broken(PurseId purse) const {
    std::optional<Broken> found;
    outwards(*this, purse, [&](PurseId id, const Budget& budget) {
        if (auto why = budget.broken()) found = Broken{id, *std::move(why)};
        return !found;
    });
    return found;
}

}  // namespace enough
