#include <enough/agents/replay.hpp>

#include "cassette/playback.hpp"
#include "failure_kind.hpp"

#include <fmt/format.h>

#include <mutex>
#include <unordered_set>
#include <utility>

namespace enough {
namespace {

// One pass over a tape: what has been taken from it is used.
class Pass {
public:
    explicit Pass(std::shared_ptr<const Tape> tape) : tape_(std::move(tape)) {}

    Tape::Recording take(const std::string& model, const Request& request) {
        const std::lock_guard lock(mutex_);
        auto found = tape_->find(model, request, used_);
        if (found != nullptr) used_.insert(found.get());
        return found;
    }

    // Under the lock, so that no other call of this pass takes the recording before it counts as used.
    void add(Tape& tape, RecordedCall call) {
        const std::lock_guard lock(mutex_);
        used_.insert(tape.add(std::move(call)).get());
    }

    std::string nearest(const std::string& model, const Request& request) const {
        return tape_->nearest(model, request);
    }

private:
    std::shared_ptr<const Tape> tape_;
    std::mutex mutex_;
    std::unordered_set<const RecordedCall*> used_;
};

class ReplayingAgent final : public Agent {
public:
    ReplayingAgent(std::string model, std::shared_ptr<Pass> pass, std::unique_ptr<Agent> on_miss)
        : model_(std::move(model)), pass_(std::move(pass)), on_miss_(std::move(on_miss)) {}

    Task<Result<Answer>> ask(Request request) override {
        if (const auto found = pass_->take(model_, request)) co_return play(*found, request);
        if (on_miss_ == nullptr) co_return miss(request);
        co_return co_await on_miss_->ask(std::move(request));
    }

private:
    Failure miss(const Request& request) const {
        return make_failure(FailureKind::script_ended,
                            fmt::format("no recording fits: {}", pass_->nearest(model_, request)));
    }

    std::string model_;
    std::shared_ptr<Pass> pass_;
    std::unique_ptr<Agent> on_miss_;
};

bool says_what_the_model_says(const RecordedCall& call) {
    return call.outcome && call.outcome->finish_reason != FinishReason::stopped_early;
}

}  // namespace

std::unique_ptr<Agent> make_replaying(std::string model, std::shared_ptr<const Tape> tape,
                                      std::unique_ptr<Agent> on_miss) {
    return std::make_unique<ReplayingAgent>(std::move(model), std::make_shared<Pass>(std::move(tape)),
                                            std::move(on_miss));
}

std::unique_ptr<Agent> make_memo(std::string model, std::shared_ptr<Tape> tape, std::unique_ptr<Agent> live) {
    auto pass = std::make_shared<Pass>(tape);
    auto keep = [pass, tape](RecordedCall call) {
        if (says_what_the_model_says(call)) pass->add(*tape, std::move(call));
    };
    auto learning = make_recording(std::move(live), model, std::move(keep));
    return std::make_unique<ReplayingAgent>(std::move(model), std::move(pass), std::move(learning));
}

}  // namespace enough
