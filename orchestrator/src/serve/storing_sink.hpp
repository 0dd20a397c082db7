#pragma once

#include "serve/run_store.hpp"
#include "serve/served_run.hpp"

#include <optional>

namespace enough {

/// Passes what happens in a run on to its store and to those who look at it; but its end is held back, for its report
/// to be stored with it.
class StoringSink final : public EventSink {
public:
    /// Both must outlive it; `store` may be null.
    StoringSink(ServedRun& run, RunStore* store) : run_(run), store_(store) {}

    void on(const Event& event) override {
        if (std::holds_alternative<RunFinished>(event.body)) {
            last_ = event;
            return;
        }
        if (store_) store_->record(event);
        run_.on(event);
    }
    void on_delta(const CallDelta& delta) override { run_.on_delta(delta); }
    void on_token(CallId call, const Token& token) override { run_.on_token(call, token); }

    /// The end; absent until then.
    const std::optional<Event>& last() const { return last_; }

private:
    ServedRun& run_;
    RunStore* store_;
    std::optional<Event> last_;
};

}  // namespace enough
