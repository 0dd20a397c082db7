#include "cassettes.hpp"

#include "now.hpp"
#include "terminal.hpp"

#include <enough/agents/registry.hpp>
#include <enough/agents/replay.hpp>

#include <fmt/format.h>

#include <filesystem>
#include <stdexcept>
#include <utility>

namespace enough::cli {
namespace {

constexpr std::size_t most_misses = 5;

/// What a replay does with a request that is on no tape: it fails, and is not forgotten even if the run goes on.
class Miss : public Agent {
public:
    Miss(std::string model, std::shared_ptr<const Tape> tape, std::shared_ptr<std::vector<std::string>> misses)
        : model_(std::move(model)), tape_(std::move(tape)), misses_(std::move(misses)) {}

    Task<Result<Answer>> ask(Request request) override {
        misses_->push_back(fmt::format("no recording fits: {}", tape_->nearest(model_, request)));
        Failure failure;
        failure.kind = FailureKind::script_ended;
        failure.message = misses_->back();
        co_return failure;
    }

private:
    std::string model_;
    std::shared_ptr<const Tape> tape_;
    std::shared_ptr<std::vector<std::string>> misses_;
};

}  // namespace

void CassetteArguments::add_to(CLI::App& verb) {
    verb.add_option("--record", record, "Write every call to a model into this cassette")->type_name("FILE");
    verb.add_option("--replay", replay,
                    "Answer from this cassette and ask no model; with --record, ask for what is missing")
        ->type_name("FILE");
}

RecordedModels::RecordedModels(const CassetteArguments& arguments) {
    std::error_code ignored;
    if (!arguments.record.empty() && !arguments.replay.empty() &&
        std::filesystem::equivalent(arguments.record, arguments.replay, ignored))
        throw std::invalid_argument("--record and --replay name the same file; recording would replace it");
    try {
        if (!arguments.replay.empty()) tape_ = read_cassette(std::filesystem::path(arguments.replay));
        created_ = tape_ && !tape_->created().empty() ? tape_->created() : now_utc();
        if (!arguments.record.empty()) writer_ = std::make_shared<CassetteWriter>(arguments.record, created_);
    } catch (const std::runtime_error& fault) {
        throw std::invalid_argument(fault.what());
    }
}

Agents RecordedModels::make(const Workflow& workflow, const asio::any_io_executor& executor) {
    const auto recorded = [&](const std::string& name, std::unique_ptr<Agent> agent) {
        if (!writer_) return agent;
        const auto write = [writer = writer_](const RecordedCall& call) { writer->write(call); };
        return make_recording(std::move(agent), name, write);
    };
    Agents agents;
    for (const auto& [name, model] : models_in(workflow)) {
        const bool live = !tape_ || writer_;
        std::unique_ptr<Agent> agent =
            live ? make_agent(model->provider, executor) : std::make_unique<Miss>(name, tape_, misses_);
        if (writer_ && tape_) {
            // The new cassette is to hold what was replayed, too.
            agent = recorded(name, make_replaying(name, tape_, std::move(agent)));
        } else {
            agent = tape_ ? make_replaying(name, tape_, std::move(agent)) : recorded(name, std::move(agent));
        }
        agents.emplace(name, std::move(agent));
    }
    return agents;
}

bool RecordedModels::explain_faults() const {
    for (std::size_t i = 0; i < std::min(misses_->size(), most_misses); ++i)
        print_error((*misses_)[i]);
    if (misses_->size() > most_misses) print_error(fmt::format("… and {} more misses", misses_->size() - most_misses));
    const auto unwritten = writer_ ? writer_->error() : std::nullopt;
    if (unwritten) print_error(*unwritten);
    return misses_->empty() && !unwritten;
}

}  // namespace enough::cli
