#pragma once

#include <enough/orchestrator/event.hpp>
#include <enough/orchestrator/run_state.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace enough::soak {

/// What all runs came to, against which the server's own counts are held.
class Account {
public:
    void started() { ++started_; }
    void finished(const RunState& state, std::chrono::steady_clock::duration took,
                  std::chrono::steady_clock::duration allowed);
    void threw(const std::string& what);
    void saw(const Event& event);

    std::uint64_t started_runs() const { return started_; }
    std::uint64_t ended_runs() const;
    void print() const;

    /// What does not add up, in words.
    std::vector<std::string> faults(std::uint64_t words_sent) const;

private:
    void answered(const Answer& answer);
    void attempt(const AttemptRequested& asked);
    void refused_by_circuit(const std::string& message);

    std::uint64_t started_ = 0;
    std::map<std::string, std::uint64_t> by_status_;
    std::uint64_t calls_ = 0;
    std::uint64_t answered_ = 0;
    std::uint64_t failed_ = 0;
    std::uint64_t aborted_ = 0;
    std::uint64_t by_fallback_ = 0;
    std::map<AttemptKind, std::uint64_t> attempts_;
    std::uint64_t circuit_refusals_ = 0;
    std::uint64_t circuit_openings_ = 0;
    std::map<std::string, std::chrono::steady_clock::time_point> last_refusal_;  // by model
    std::uint64_t out_of_retries_ = 0;
    std::uint64_t stuck_ = 0;
    std::chrono::steady_clock::duration slowest_{};
    std::int64_t output_tokens_ = 0;   // of all runs' budgets
    std::int64_t words_answered_ = 0;  // of whole answers, as the server counted them
    std::vector<bool> used_;           // requests whose answers were used
    std::vector<std::string> faults_;
};

/// Tells one account of a run.
class AccountSink final : public EventSink {
public:
    explicit AccountSink(Account& account) : account_(account) {}
    void on(const Event& event) override { account_.saw(event); }

private:
    Account& account_;
};

}  // namespace enough::soak
