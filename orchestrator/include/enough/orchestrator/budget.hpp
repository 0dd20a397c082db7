#pragma once

#include <enough/agents/agent.hpp>
#include <enough/workflows/workflow.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace enough {

/// What one call was admitted with.
struct Reservation {
    std::int64_t input_tokens = 0;           ///< estimated
    std::optional<std::int64_t> max_tokens;  ///< what the request may ask for; lowered to what is left
    std::int64_t tokens = 0;                 ///< reserved in all
    double usd = 0;

    bool operator==(const Reservation&) const = default;
};

/// The purse of a run: everything it starts draws from it. A call reserves its worst case before it is sent and commits
/// what it used; a call that does not fit is not sent. Pure bookkeeping, shared by all branches of the run.
class Budget {
public:
    Budget() = default;
    explicit Budget(RunLimits limits) : limits_(limits) {}

    /// Fewer output tokens than this (or than the request asks for, if that is less) are not worth a call.
    static constexpr std::int64_t least_output = 64;

    /// Takes what a call may cost, or says which limit it breaks.
    struct Admission {
        std::optional<Reservation> reservation;  ///< absent: refused
        std::string refusal;                     ///< names the limit, what it allows and what is used
    };
    Admission reserve(const std::vector<Message>& messages, std::optional<std::int64_t> max_tokens,
                      const std::optional<Price>& price);

    /// Gives a reservation back and books what was really used.
    void commit(const Reservation& reservation, const Usage& usage, double usd);

    /// The limit that has been broken by what was really used, in words; absent while all hold.
    std::optional<std::string> broken() const;

    const RunLimits& limits() const { return limits_; }
    const Usage& used() const { return used_; }
    double used_usd() const { return used_usd_; }
    int calls() const { return calls_; }

    bool operator==(const Budget& other) const;

private:
    RunLimits limits_;
    Usage used_;
    double used_usd_ = 0;
    int calls_ = 0;
    std::int64_t reserved_tokens_ = 0;
    double reserved_usd_ = 0;
};

/// Tokens a prompt will probably have: a third of its bytes and a few per message, on the safe side for text.
std::int64_t estimated_input_tokens(const std::vector<Message>& messages);

/// Money for tokens: cached input at its own price, at the input price where none is given.
double cost_usd(const Usage& usage, const std::optional<Price>& price);

}  // namespace enough
