#include <enough/async/rate_share.hpp>

#include <stdexcept>
#include <utility>

namespace enough {

void RateShare::set(int parts, int rank) {
    if (parts < 1 || rank < 0 || rank >= parts)
        throw std::invalid_argument("a share of the limits is number 0 to N-1 of N parts, N from 1");
    std::vector<std::shared_ptr<Listener>> told;
    {
        const std::lock_guard lock(mutex_);
        part_ = {parts, rank};
        for (const auto& listener : listeners_)
            if (auto alive = listener.lock()) told.push_back(std::move(alive));
    }
    for (const auto& listener : told)
        listener->share_changed();
}

RatePart RateShare::part() const {
    const std::lock_guard lock(mutex_);
    return part_;
}

void RateShare::listen(const std::shared_ptr<Listener>& listener) {
    const std::lock_guard lock(mutex_);
    std::erase_if(listeners_, [](const auto& known) { return known.expired(); });
    listeners_.push_back(listener);
}

int places_of(const RatePart& part, int whole) {
    return whole / part.parts + (part.rank < whole % part.parts ? 1 : 0);
}

}  // namespace enough
