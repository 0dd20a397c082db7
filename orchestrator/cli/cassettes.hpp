#pragma once

#include <enough/agents/cache.hpp>
#include <enough/agents/cassette.hpp>
#include <enough/orchestrator/engine.hpp>

#include <CLI/CLI.hpp>
#include <boost/asio/any_io_executor.hpp>

#include <memory>
#include <string>
#include <vector>

namespace enough::cli {

/// `--record FILE`, `--replay FILE` and `--cache FILE`, of every verb that asks models.
struct CassetteArguments {
    std::string record;
    std::string replay;
    std::string cache;

    void add_to(CLI::App& verb);
    void add_tapes_to(CLI::App& verb);  ///< without `--cache`, for verbs that want every question asked
    bool any() const { return !record.empty() || !replay.empty() || !cache.empty(); }
};

/// The models of a workflow as a verb uses them: asked, recorded, replayed, or replayed and asked for what is missing
/// (both options: what was asked is recorded). With a cache, what would be asked is looked up there first.
class RecordedModels {
public:
    /// Opens the files. Throws `std::invalid_argument` in words if one can't be used.
    explicit RecordedModels(const CassetteArguments& arguments);

    Agents make(const Workflow& workflow, const asio::any_io_executor& executor);

    /// When the calls were made: now, or for a replay when its cassette was recorded, so that what is made of a replay
    /// is the same each time.
    const std::string& created() const { return created_; }

    /// What was asked and is on no tape, each as the run's own error says it, and what went wrong with files. Prints
    /// them; true if there is nothing to print.
    bool explain_faults() const;

private:
    std::unique_ptr<Agent> live(const std::string& name, const Model& model,
                                const asio::any_io_executor& executor) const;

    std::string created_;
    std::shared_ptr<const Tape> tape_;
    std::shared_ptr<CassetteWriter> writer_;
    std::shared_ptr<AnswerCache> cache_;
    std::shared_ptr<std::vector<std::string>> misses_ = std::make_shared<std::vector<std::string>>();
};

}  // namespace enough::cli
