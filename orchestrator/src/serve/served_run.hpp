#pragma once

#include "serve/served_workflows.hpp"

#include <enough/async/task_group.hpp>
#include <enough/orchestrator/event.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <nlohmann/json.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace enough {

/// Follows a run while it lasts. Called on the strand of all runs; must not block and must not throw.
class RunFollower {
public:
    virtual ~RunFollower() = default;
    virtual void on_event(const Event& event) = 0;
    virtual void on_delta(const CallDelta& /*delta*/) {}
};

/// A run as clients see it: its events so far, and its report at any time.
class ServedRun final : public EventSink {
public:
    ServedRun(std::string id, std::shared_ptr<ServedWorkflow> served, std::string client);

    const std::string& id() const { return id_; }
    const std::string& client() const { return client_; }  ///< name of the key that started it
    const Workflow& workflow() const { return *served_->workflow; }
    std::chrono::system_clock::time_point created() const { return created_; }
    const std::vector<Event>& events() const { return events_; }
    Status status() const { return status_; }
    bool ended() const { return is_final(status_); }

    nlohmann::ordered_json report() const;

    /// Each must be removed before it goes.
    void add(RunFollower& follower) { followers_.push_back(&follower); }
    void remove(RunFollower& follower) { std::erase(followers_, &follower); }

    void on(const Event& event) override;
    void on_delta(const CallDelta& delta) override;

private:
    std::string id_;
    std::shared_ptr<ServedWorkflow> served_;
    std::string client_;
    std::chrono::system_clock::time_point created_ = std::chrono::system_clock::now();
    std::vector<Event> events_;
    std::vector<RunFollower*> followers_;
    Status status_ = Status::queued;
};

/// While it lives, the follower is told.
class Following {
public:
    Following(ServedRun& run, RunFollower& follower) : run_(run), follower_(follower) { run_.add(follower_); }
    ~Following() { run_.remove(follower_); }
    Following(const Following&) = delete;
    Following& operator=(const Following&) = delete;

private:
    ServedRun& run_;
    RunFollower& follower_;
};

}  // namespace enough
