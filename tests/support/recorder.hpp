#pragma once

#include <enough/orchestrator/event.hpp>

#include <functional>
#include <utility>
#include <vector>

namespace enough::test {

/// Keeps every event, and tells a test of each.
class Recorder : public EventSink {
public:
    explicit Recorder(std::function<void(const Event&)> also = {}) : also_(std::move(also)) {}

    void on(const Event& event) override {
        events_.push_back(event);
        if (also_) also_(event);
    }

    const std::vector<Event>& events() const { return events_; }

private:
    std::vector<Event> events_;
    std::function<void(const Event&)> also_;
};

}  // namespace enough::test
