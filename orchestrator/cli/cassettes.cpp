#include "cassettes.hpp"

#include "now.hpp"
#include "terminal.hpp"

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

void CassetteArguments::add_tapes_to(CLI::App& verb) {
    verb.add_option("--record", record, "Write every call to a model into this cassette")->type_name("FILE");
    verb.add_option("--replay", replay,
                    "Answer from this cassette and ask no model; with --record, ask for what is missing")
        ->type_name("FILE");
}

void CassetteArguments::add_to(CLI::App& verb) {
    add_tapes_to(verb);
    verb.add_option("--cache", cache, "Keep answers in this file, and ask no model what was asked before")
        ->type_name("FILE");
}

RecordedModels::RecordedModels(const CassetteArguments& arguments) {
    std::error_code ignored;
    if (!arguments.record.empty() && !arguments.replay.empty() &&
        std::filesystem::equivalent(arguments.record, arguments.replay, ignored))
        throw std::invalid_argument("--record and --replay name the same file; recording would replace it");
    if (!arguments.cache.empty() && !arguments.replay.empty() && arguments.record.empty())
        throw std::invalid_argument("--replay asks no model, so --cache has nothing to keep; leave one of them out");
    try {
        if (!arguments.cache.empty()) cache_ = std::make_shared<AnswerCache>(arguments.cache);
        if (!arguments.replay.empty()) tape_ = read_cassette(std::filesystem::path(arguments.replay));
        created_ = tape_ && !tape_->created().empty() ? tape_->created() : now_utc();
        if (!arguments.record.empty()) writer_ = std::make_shared<CassetteWriter>(arguments.record, created_);
    } catch (const std::runtime_error& fault) {
        throw std::invalid_argument(fault.what());
    }
}

std::unique_ptr<Agent> RecordedModels::live(const std::string& name, const Model& model,
                                            const asio::any_io_executor& executor) const {
    auto agent = make_model_agent(model, executor);
    const auto identity = cache_ ? cache_identity(model.provider) : std::nullopt;
    if (!identity) return agent;
    return make_caching(std::move(agent), name, *identity, cache_);
}

Agents RecordedModels::make(const Workflow& workflow, const asio::any_io_executor& executor) {
    const auto recorded = [&](const std::string& name, std::unique_ptr<Agent> agent) {
        if (!writer_) return agent;
        const auto write = [writer = writer_](const RecordedCall& call) { writer->write(call); };
        return make_recording(std::move(agent), name, write);
    };
    Agents agents;
    for (const auto& [name, model] : models_in(workflow)) {
        std::unique_ptr<Agent> agent =
            !tape_ || writer_ ? live(name, *model, executor) : std::make_unique<Miss>(name, tape_, misses_);
        if (writer_ && tape_) {
            // The new cassette is to hold what was replayed, too.
            agent = recorded(name, make_replaying(name, tape_, std::move(agent)));
        } else {
            agent = tape_ ? make_replaying(name, tape_, std::move(agent)) : recorded(name, std::move(agent));
        }
        agents.emplace(name, std::move(agent));
    }
    return with_fallbacks(std::move(agents), workflow);
}

bool RecordedModels::explain_faults() const {
    for (std::size_t i = 0; i < std::min(misses_->size(), most_misses); ++i)
        print_error((*misses_)[i]);
    if (misses_->size() > most_misses) print_error(fmt::format("… and {} more misses", misses_->size() - most_misses));
    const auto unwritten = writer_ ? writer_->error() : std::nullopt;
    if (unwritten) print_error(*unwritten);
    const auto not_kept = cache_ ? cache_->error() : std::nullopt;
    if (not_kept) print_error(*not_kept);
    return misses_->empty() && !unwritten && !not_kept;
}

}  // namespace enough::cli
