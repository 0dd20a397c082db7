#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <iterator>
#include <map>
#include <memory>
#include <utility>

namespace enough {

/// Which idle connections there are, as bookkeeping without sockets or a clock. `Key` says what a connection can be
/// used for. A connection dropped here is destroyed, that is, closed.
template <class Key, class Connection>
class ConnectionPool {
public:
    using Clock = std::chrono::steady_clock;

    ConnectionPool(std::size_t max_idle_per_key, Clock::duration max_age)
        : max_idle_per_key_(max_idle_per_key), max_age_(max_age) {}

    /// The youngest idle connection, the one most likely to be still open; null if there is none.
    std::unique_ptr<Connection> take(const Key& key, Clock::time_point now) {
        drop_old(now);
        const auto found = idle_.find(key);
        if (found == idle_.end()) return nullptr;
        auto connection = std::move(found->second.back().connection);
        found->second.pop_back();
        if (found->second.empty()) idle_.erase(found);
        return connection;
    }

    /// Keeps a connection for later; the oldest goes if there are too many.
    void put(const Key& key, std::unique_ptr<Connection> connection, Clock::time_point now) {
        drop_old(now);
        if (max_idle_per_key_ == 0) return;
        auto& idle = idle_[key];
        if (idle.size() == max_idle_per_key_) idle.pop_front();
        idle.push_back({std::move(connection), now});
    }

    std::size_t idle() const {
        std::size_t count = 0;
        for (const auto& [key, connections] : idle_)
            count += connections.size();
        return count;
    }

private:
    struct Idle {
        std::unique_ptr<Connection> connection;
        Clock::time_point since;
    };

    void drop_old(Clock::time_point now) {
        for (auto entry = idle_.begin(); entry != idle_.end();) {
            auto& connections = entry->second;
            while (!connections.empty() && now - connections.front().since > max_age_)
                connections.pop_front();
            entry = connections.empty() ? idle_.erase(entry) : std::next(entry);
        }
    }

    std::size_t max_idle_per_key_;
    Clock::duration max_age_;
    std::map<Key, std::deque<Idle>> idle_;  // of each key the oldest first
};

}  // namespace enough
