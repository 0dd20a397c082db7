#pragma once

#include <memory>
#include <mutex>
#include <vector>

namespace enough {

/// Which part of its limits this process may use, where several share them: process number `rank`, from 0, of `parts`.
struct RatePart {
    int parts = 1;
    int rank = 0;

    bool operator==(const RatePart&) const = default;
};

/// The part of this process, as whoever counts the processes sets it, and until then all of the limits: a process that
/// joins others sets its part before its first call. May be used from several threads.
class RateShare {
public:
    /// Told of changes. Called from the thread that makes them, without a lock held; what counts is what `part` says.
    class Listener {
    public:
        Listener() = default;
        virtual ~Listener() = default;
        Listener(const Listener&) = delete;
        Listener& operator=(const Listener&) = delete;

        virtual void share_changed() = 0;
    };

    /// `parts` is 1 at least, `rank` from 0 and below `parts`; anything else throws std::invalid_argument. When this
    /// returns, every limiter that has the share keeps to it, and those who wait there look again.
    void set(int parts, int rank);

    RatePart part() const;

    /// For as long as the listener lives.
    void listen(const std::shared_ptr<Listener>& listener);

private:
    mutable std::mutex mutex_;
    RatePart part_;
    std::vector<std::weak_ptr<Listener>> listeners_;
};

/// Of `whole` places at once, those of one part: all parts together have `whole`, and none two more than another. 0 for
/// some where there are more parts than places.
int places_of(const RatePart& part, int whole);

}  // namespace enough
