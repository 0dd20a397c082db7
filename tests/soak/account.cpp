#include "soak/account.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <variant>

namespace enough::soak {
namespace {

constexpr std::size_t most_faults = 20;
constexpr std::chrono::milliseconds circuit_cooldown{500};

double seconds(std::chrono::steady_clock::duration duration) {
    return std::chrono::duration<double>(duration).count();
}

}  // namespace

void Account::finished(const RunState& state, std::chrono::steady_clock::duration took,
                       std::chrono::steady_clock::duration allowed) {
    ++by_status_[std::string(name(state.status))];
    slowest_ = std::max(slowest_, took);
    if (took > allowed) ++stuck_;
    output_tokens_ += state.budget().used().output_tokens;
    if (!is_final(state.status)) faults_.push_back("a run ended without a final status");
    if (state.anything_in_flight()) faults_.push_back("a run ended with calls in flight");
    if (state.budget().reserved_tokens() != 0) faults_.push_back("a run ended with tokens reserved");
}

void Account::threw(const std::string& what) {
    ++by_status_["threw"];
    faults_.push_back("a run threw: " + what);
}

std::uint64_t Account::ended_runs() const {
    std::uint64_t ended = 0;
    for (const auto& [status, count] : by_status_)
        ended += count;
    return ended;
}

void Account::saw(const Event& event) {
    if (std::holds_alternative<CallRequested>(event.body)) {
        ++calls_;
    } else if (const auto* answer = std::get_if<CallAnswered>(&event.body)) {
        answered(answer->answer);
    } else if (const auto* failure = std::get_if<CallFailed>(&event.body)) {
        ++failed_;
        if (failure->message.find("used up their retries") != std::string::npos) ++out_of_retries_;
        refused_by_circuit(failure->message);
    } else if (std::holds_alternative<CallAborted>(event.body)) {
        ++aborted_;
    } else if (const auto* asked = std::get_if<AttemptRequested>(&event.body)) {
        attempt(*asked);
    }
}

void Account::attempt(const AttemptRequested& asked) {
    ++attempts_[asked.kind];
    if (asked.reason.find("used up their retries") != std::string::npos) ++out_of_retries_;
    refused_by_circuit(asked.reason);
}

/// A refusal after a cooldown without any is of a circuit that opened anew.
void Account::refused_by_circuit(const std::string& message) {
    const auto at = message.find(" times in a row");
    if (at == std::string::npos) return;
    ++circuit_refusals_;
    const auto now = std::chrono::steady_clock::now();
    auto& last = last_refusal_[message.substr(0, message.find(" failed "))];
    if (now - last > circuit_cooldown) ++circuit_openings_;
    last = now;
}

void Account::answered(const Answer& answer) {
    ++answered_;
    if (!answer.answered_by.empty()) ++by_fallback_;
    const auto colon = answer.fingerprint.find(':');
    if (colon == std::string::npos) {
        faults_.push_back("an answer that the server never gave: " + answer.text.substr(0, 80));
        return;
    }
    const std::size_t request = std::stoul(answer.fingerprint.substr(0, colon));
    const std::int64_t words = std::stoll(answer.fingerprint.substr(colon + 1));
    if (used_.size() <= request) used_.resize(request + 1);
    if (used_[request]) faults_.push_back(fmt::format("the answer to request {} was used twice", request));
    used_[request] = true;
    if (answer.reported_output_tokens != words || answer.usage.output_tokens < words)
        faults_.push_back(
            fmt::format("request {} has {} words, {} were booked", request, words, answer.usage.output_tokens));
    words_answered_ += words;
}

std::vector<std::string> Account::faults(std::uint64_t words_sent) const {
    std::vector<std::string> all = faults_;
    if (all.size() > most_faults) all.resize(most_faults);
    if (ended_runs() != started_) all.push_back(fmt::format("{} runs began, {} ended", started_, ended_runs()));
    if (calls_ != answered_ + failed_ + aborted_)
        all.push_back(fmt::format("{} calls began, {} ended", calls_, answered_ + failed_ + aborted_));
    if (stuck_ > 0) all.push_back(fmt::format("{} runs went on beyond their deadline", stuck_));
    if (output_tokens_ > static_cast<std::int64_t>(words_sent))
        all.push_back(fmt::format("{} tokens are booked, the server sent {}", output_tokens_, words_sent));
    if (output_tokens_ < words_answered_)
        all.push_back(fmt::format("{} tokens are booked, the answers have {}", output_tokens_, words_answered_));
    return all;
}

void Account::print() const {
    fmt::print("runs       started {}, ended {}:", started_, ended_runs());
    for (const auto& [status, count] : by_status_)
        fmt::print(" {} {}", count, status);
    fmt::print("\n           slowest {:.2f} s, {} beyond their deadline\n", seconds(slowest_), stuck_);
    fmt::print("calls      {}: {} answered ({} by a fallback), {} failed, {} aborted\n", calls_, answered_,
               by_fallback_, failed_, aborted_);
    for (const auto& [kind, count] : attempts_)
        fmt::print("           {} {} asked for\n", count,
                   kind == AttemptKind::retry   ? "retries"
                   : kind == AttemptKind::hedge ? "hedges"
                                                : "fallbacks");
    fmt::print("           {} ended by the budget of retries\n", out_of_retries_);
    fmt::print("circuits   about {} openings, {} attempts refused\n", circuit_openings_, circuit_refusals_);
    fmt::print("tokens     {} in whole answers <= {} booked\n", words_answered_, output_tokens_);
}

}  // namespace enough::soak
