#pragma once

#include <enough/agents/agent.hpp>
#include <enough/workflows/workflow.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace enough {

/// What one attempt of a call was admitted with.
struct Reservation {
    std::int64_t input_tokens = 0;           ///< estimated
    std::optional<std::int64_t> max_tokens;  ///< what the request may ask for; lowered to what is left
    std::int64_t tokens = 0;                 ///< reserved in all
    double usd = 0;

    bool operator==(const Reservation&) const = default;
};

/// What a call would cost.
struct Demand {
    std::int64_t input_tokens = 0;           ///< estimated
    std::optional<std::int64_t> max_tokens;  ///< what the agent may write at most; absent: no bound of its own
    std::optional<Price> price;
};

/// One set of limits and what has been drawn against it. Pure bookkeeping.
class Budget {
public:
    Budget() = default;
    explicit Budget(RunLimits limits) : limits_(limits) {}

    /// Fewer output tokens than this (or than the request asks for, if that is less) are not worth a call.
    static constexpr std::int64_t least_output = 64;

    /// Lowers `demand.max_tokens` to what is left. Says which limit a call would break, what it allows and what is
    /// used; absent if the call fits.
    std::optional<std::string> refusal(Demand& demand) const;
    /// The same for one more attempt of a call that was admitted: it fits whole or not at all.
    std::optional<std::string> refusal(const Reservation& again) const;

    void reserve(const Reservation& reservation);
    void release(const Reservation& reservation);
    void count_call() { ++calls_; }
    void commit(const Usage& usage, double usd);

    /// The limit that has been broken by what was really used, in words; absent while all hold.
    std::optional<std::string> broken() const;

    const RunLimits& limits() const { return limits_; }
    const Usage& used() const { return used_; }
    double used_usd() const { return used_usd_; }
    int calls() const { return calls_; }
    std::int64_t reserved_tokens() const { return reserved_tokens_; }

    bool operator==(const Budget& other) const;

private:
    RunLimits limits_;
    Usage used_;
    double used_usd_ = 0;
    int calls_ = 0;
    std::int64_t reserved_tokens_ = 0;
    double reserved_usd_ = 0;
};

using PurseId = std::size_t;

/// The purses of a run, one inside the other: what is drawn from one is drawn from all around it, so that nothing a run
/// starts can spend what its limits do not allow. A call reserves its worst case before it is sent and commits what it
/// used; a call that does not fit is not sent.
class Purses {
public:
    Purses() = default;
    explicit Purses(RunLimits limits) { purses_.push_back({Budget(limits), std::nullopt}); }

    static constexpr PurseId whole_run = 0;

    PurseId open(PurseId around, RunLimits limits);

    /// Takes what a call may cost, or says whose limits it breaks.
    struct Admission {
        std::optional<Reservation> reservation;  ///< absent: refused
        std::string refusal;
        PurseId refused_by = whole_run;
    };
    Admission reserve(PurseId purse, Demand demand);

    /// Takes the same once more, for another attempt beside or after the first. False: it does not fit.
    bool reserve_again(PurseId purse, const Reservation& reservation);

    void release(PurseId purse, const Reservation& reservation);
    void commit(PurseId purse, const Usage& usage, double usd);

    /// The innermost purse whose limit was broken by what was really used.
    struct Broken {
        PurseId purse = whole_run;
        std::string why;
    };
    std::optional<Broken> broken(PurseId purse) const;

    const Budget& at(PurseId purse) const { return purses_.at(purse).budget; }

    bool operator==(const Purses&) const = default;

private:
    struct Purse {
        Budget budget;
        std::optional<PurseId> around;
        bool operator==(const Purse&) const = default;
    };

    /// Calls `visit(id, purse)` for the purse and all around it, innermost first, until it returns false.
    template <class Self, class Visit>
    static void outwards(Self& self, PurseId from, const Visit& visit) {
        for (std::optional<PurseId> id = from; id; id = self.purses_.at(*id).around)
            if (!visit(*id, self.purses_.at(*id).budget)) return;
    }

    std::deque<Purse> purses_;
};

/// Tokens a prompt will probably have: a third of its bytes and a few per message, on the safe side for text.
std::int64_t estimated_input_tokens(const std::vector<Message>& messages, const std::vector<ToolSpec>& tools = {});

/// Money for tokens: cached input at its own price, at the input price where none is given.
double cost_usd(const Usage& usage, const std::optional<Price>& price);

}  // namespace enough
