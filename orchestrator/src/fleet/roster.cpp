#include "fleet/roster.hpp"

#include <fmt/format.h>

namespace enough::fleet {

std::optional<std::string> Roster::hear(const News& news, Clock::time_point now) {
    if (!news.refusal.empty()) {
        if (!refused_.insert(news.worker).second) return std::nullopt;
        return fmt::format("worker {} does not serve this batch: {}", news.worker, news.refusal);
    }
    if (news.leaving) {
        if (heard_.erase(news.worker) == 0) return std::nullopt;
        return fmt::format("worker {} has left", news.worker);
    }
    const bool is_new = heard_.insert_or_assign(news.worker, now).second;
    if (!is_new) return std::nullopt;
    return fmt::format("worker {} serves this batch ({} at once)", news.worker, news.slots);
}

std::vector<std::string> Roster::forget_silent(Clock::time_point now) {
    std::vector<std::string> gone;
    for (auto each = heard_.begin(); each != heard_.end();) {
        const bool silent = now - each->second > patience_;
        if (silent) gone.push_back(each->first);
        each = silent ? heard_.erase(each) : std::next(each);
    }
    return gone;
}

std::vector<std::string> Roster::workers() const {
    std::vector<std::string> names;
    for (const auto& [name, when] : heard_)
        names.push_back(name);
    return names;
}

}  // namespace enough::fleet
