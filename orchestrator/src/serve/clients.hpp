#pragma once

#include "serve/api_error.hpp"
#include "serve/api_keys.hpp"
#include "serve/ledger.hpp"

#include <enough/workflows/workflow.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace enough {

/// Whoever asks with one key, or everybody where no keys are needed.
struct Client {
    explicit Client(KeyRules given) : rules(std::move(given)), ledger(rules.per_day, Ledger::Period::day) {}

    KeyRules rules;
    Ledger ledger;
    std::size_t runs = 0;  ///< in flight
    double requests = 0;   ///< of the last minute, as a bucket that leaks
    std::chrono::steady_clock::time_point last_request{};
};

/// What one run was admitted with; gives back its place when it goes. Its client's and the server's books must be
/// settled before that, or the run counts as having used all that it might.
class Grant {
public:
    /// `server` must outlive it.
    Grant(std::shared_ptr<Client> client, Ledger& server, RunAllowance allowance);
    ~Grant();
    Grant(Grant&& other) noexcept;
    Grant& operator=(Grant&&) = delete;

    const RunAllowance& allowance() const { return allowance_; }
    const std::string& client() const { return client_->rules.name; }

    void settle(std::int64_t tokens, double usd);

private:
    std::shared_ptr<Client> client_;  ///< null: moved from, or settled
    Ledger* server_;
    RunAllowance allowance_;
};

/// Who may ask, and how much. All on one strand.
class Clients {
public:
    /// `total`: what all runs together may use as long as the server lives.
    Clients(ApiKeys keys, RunAllowance total);

    /// The client whose key this is, if a key is needed; null: a stranger.
    std::shared_ptr<Client> find(std::string_view authorization);

    /// Counts a request that wants something done; a client that asks too often is told when to come back.
    static std::optional<ApiError> refuse_request(Client& client);

    /// A place for one more run of the workflow, or why there is none.
    std::variant<Grant, ApiError> admit(const std::shared_ptr<Client>& client, const Workflow& workflow);

    /// Other keys from now on. Clients that keep their name keep what they have used.
    void replace(ApiKeys keys);

    /// Is there a budget in money that needs the price of every model?
    bool counts_money() const;

private:
    ApiKeys keys_;
    Ledger total_;
    std::map<std::string, std::shared_ptr<Client>, std::less<>> by_name_;
};

}  // namespace enough
