#pragma once

#include <mutex>

namespace enough {

/// How many retries all calls of one model may still make. It starts with a reserve and gets a share of a retry for
/// each call, so that there are never more than `share` × calls + `reserve` retries, however many fail; what is saved
/// up is bounded, so that hours of health do not pay for a storm. All members may be called from several threads.
class RetryBudget {
public:
    static constexpr double reserve = 10;
    static constexpr double most = 100;  ///< retries that can be saved up

    /// `share` is at least 0.
    explicit RetryBudget(double share) : share_(share) {}

    void count_call();

    /// Takes a retry, if there is one.
    bool take();
    /// The retry that was taken is not made.
    void give_back();

private:
    void add(double retries);

    std::mutex mutex_;
    double share_;
    double left_ = reserve;
};

}  // namespace enough
