#include "retry_budget.hpp"

#include <algorithm>

namespace enough {
namespace {

// A fifth added five times is a hair less than one.
constexpr double whole = 1 - 1e-9;

}  // namespace

void RetryBudget::count_call() {
    add(share_);
}

bool RetryBudget::take() {
    const std::lock_guard lock(mutex_);
    if (left_ < whole) return false;
    left_ -= 1;
    return true;
}

void RetryBudget::give_back() {
    add(1);
}

void RetryBudget::add(double retries) {
    const std::lock_guard lock(mutex_);
    left_ = std::min(left_ + retries, most);
}

}  // namespace enough
