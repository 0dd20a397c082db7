#include "serve/clients.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace enough {
namespace {

constexpr const char* everybody = "anonymous";

std::chrono::seconds wait_for_budget(Ledger& ledger, Ledger::Time now) {
    return ledger.spent(now) ? Ledger::until_tomorrow(now) : std::chrono::seconds(1);
}

ApiError out_of_budget(const std::string& whose, bool spent) {
    std::string message =
        spent ? fmt::format("the budget of {} is used up", whose)
              : fmt::format(
                    "what is left of the budget of {} is reserved by runs in flight; workflows with limits "
                    "reserve no more than these",
                    whose);
    return ApiError{.status = 429, .message = std::move(message), .code = "insufficient_quota"};
}

}  // namespace

Grant::Grant(std::shared_ptr<Client> client, Ledger& server, RunAllowance allowance)
    : client_(std::move(client)), server_(&server), allowance_(allowance) {
    ++client_->runs;
    client_->ledger.reserve(allowance_);
    server_->reserve(allowance_);
}

Grant::Grant(Grant&& other) noexcept
    : client_(std::move(other.client_)), server_(other.server_), allowance_(other.allowance_) {}

Grant::~Grant() {
    if (client_) settle(allowance_.tokens.value_or(0), allowance_.usd.value_or(0));
}

void Grant::settle(std::int64_t tokens, double usd) {
    const auto now = std::chrono::system_clock::now();
    const std::shared_ptr<Client> client = std::move(client_);
    --client->runs;
    client->ledger.settle(allowance_, tokens, usd, now);
    server_->settle(allowance_, tokens, usd, now);
}

Clients::Clients(ApiKeys keys, RunAllowance total) : keys_(std::move(keys)), total_(total, Ledger::Period::ever) {}

std::shared_ptr<Client> Clients::find(std::string_view authorization) {
    KeyRules rules;
    rules.name = everybody;
    if (keys_.required()) {
        const KeyRules* known = keys_.find(authorization);
        if (known == nullptr) return nullptr;
        rules = *known;
    }
    auto& client = by_name_[rules.name];
    if (!client) client = std::make_shared<Client>(std::move(rules));
    return client;
}

std::optional<ApiError> Clients::refuse_request(Client& client) {
    if (!client.rules.requests_per_minute) return std::nullopt;
    const double most = *client.rules.requests_per_minute;
    const auto now = std::chrono::steady_clock::now();
    const std::chrono::duration<double> passed = now - client.last_request;
    client.requests = std::max(client.requests - passed.count() * most / 60, 0.0);
    client.last_request = now;
    if (client.requests + 1 <= most) {
        ++client.requests;
        return std::nullopt;
    }
    const double seconds = (client.requests + 1 - most) * 60 / most;
    return ApiError{.status = 429,
                    .message = fmt::format("this key may ask {} times a minute", most),
                    .code = "rate_limit_exceeded",
                    .retry_after = std::chrono::ceil<std::chrono::seconds>(std::chrono::duration<double>(seconds))};
}

std::variant<Grant, ApiError> Clients::admit(const std::shared_ptr<Client>& client, const Workflow& workflow) {
    if (client->rules.runs && client->runs >= *client->rules.runs)
        return ApiError{.status = 429,
                        .message = fmt::format("this key may have {} run(s) in flight", *client->rules.runs),
                        .code = "rate_limit_exceeded"};
    const auto now = std::chrono::system_clock::now();
    const RunAllowance own = client->ledger.left(now);
    const RunAllowance whole = total_.left(now);
    for (auto [left, ledger, whose] :
         {std::tuple(&own, &client->ledger, "this key"), std::tuple(&whole, &total_, "this server")}) {
        if (!exhausted(*left)) continue;
        ApiError error = out_of_budget(whose, ledger->spent(now));
        if (ledger == &client->ledger) error.retry_after = wait_for_budget(*ledger, now);
        return error;
    }
    const RunAllowance left = least(own, whole);
    RunAllowance allowance = left;
    if (left.usd) allowance.usd = std::min(*left.usd, workflow.limits.usd.value_or(*left.usd));
    if (left.tokens) allowance.tokens = std::min(*left.tokens, workflow.limits.tokens.value_or(*left.tokens));
    return Grant(client, total_, allowance);
}

void Clients::replace(ApiKeys keys) {
    keys_ = std::move(keys);
    std::map<std::string, std::shared_ptr<Client>, std::less<>> kept;
    for (const KeyRules& rules : keys_.all()) {
        const auto known = by_name_.find(rules.name);
        auto client = known == by_name_.end() ? std::make_shared<Client>(rules) : known->second;
        client->rules = rules;
        client->ledger.limit(rules.per_day);
        kept.emplace(rules.name, std::move(client));
    }
    by_name_ = std::move(kept);
}

bool Clients::counts_money() const {
    return total_.limits().usd || keys_.count_money();
}

}  // namespace enough
