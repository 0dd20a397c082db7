#include <enough/orchestrator/batch.hpp>

#include "batch/batch_state.hpp"
#include "batch/batch_writer.hpp"
#include "batch/data_intake.hpp"
#include "batch/recorded_totals.hpp"
#include "process_lock.hpp"
#include "wall_time.hpp"

#include <enough/workflows/inputs.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid.hpp>

#include <algorithm>
#include <fstream>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace enough {
namespace {

constexpr std::size_t most_faults = 20;

[[noreturn]] void refuse(std::string why) {
    throw std::invalid_argument(std::move(why));
}

bool there(const std::filesystem::path& file) {
    std::error_code fault;
    return std::filesystem::exists(file, fault);
}

/// Before a state is made or opened.
void check_files(const BatchFiles& files, bool resume) {
    const bool state = there(files.state());
    if (resume && !state)
        refuse(fmt::format("there is no {} to go on with; leave --resume out", files.state().string()));
    if (resume) return;
    if (state)
        refuse(
            fmt::format("{} is there from an earlier try; go on with --resume, or remove it", files.state().string()));
    if (there(files.output))
        refuse(fmt::format("{} is there already; remove it, or name another", files.output.string()));
}

/// Written whole and moved to its place.
class WholeFile {
public:
    explicit WholeFile(std::filesystem::path file)
        : file_(std::move(file)), beside_(file_.string() + ".new"), out_(beside_, std::ios::binary | std::ios::trunc) {}

    void write(const std::string& text) { out_ << text; }

    ~WholeFile() {
        if (done_) return;
        out_.close();
        std::error_code ignored;
        std::filesystem::remove(beside_, ignored);
    }

    void close() {
        out_.close();
        std::error_code fault;
        if (out_) std::filesystem::rename(beside_, file_, fault);
        if (!out_ || fault) throw std::runtime_error(fmt::format("cannot write {}", file_.string()));
        done_ = true;
    }

private:
    std::filesystem::path file_;
    std::filesystem::path beside_;
    std::ofstream out_;
    bool done_ = false;
};

/// Empty for text that is UTF-8; otherwise its bytes, which JSON has no other way to hold.
std::string hex_unless_utf8(const std::string& text) {
    try {
        (void)nlohmann::json(text).dump();
        return {};
    } catch (const nlohmann::json::type_error&) {
        std::string hex;
        for (const char each : text)
            hex += fmt::format("{:02x}", static_cast<unsigned char>(each));
        return hex;
    }
}

void write_set_aside(BatchState& state, const BatchFiles& files) {
    WholeFile out(files.set_aside());
    state.each_set_aside([&](std::int64_t line, const std::string& fault, const std::string& text) {
        nlohmann::ordered_json json{{"line", line}, {"fault", fault}, {"text", text}};
        if (std::string hex = hex_unless_utf8(text); !hex.empty()) json["hex"] = std::move(hex);
        out.write(json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
    });
    out.close();
}

/// What is known of lines that can't be run stands in the file; what an earlier batch left there is not of this one.
void tell_of_set_aside(BatchState& state, const BatchFiles& files, std::int64_t lines) {
    if (lines > 0) return write_set_aside(state, files);
    std::error_code ignored;
    std::filesystem::remove(files.set_aside(), ignored);
}

std::optional<int> concurrency_of(const ProviderSettings& provider) {
    if (const ServerSettings* server = server_settings(provider)) return server->limits.concurrency;
    const auto* scripted = std::get_if<ScriptedSettings>(&provider);
    return scripted ? scripted->limits.concurrency : std::nullopt;
}

/// What a state that was begun in vain leaves.
void remove_state(const BatchFiles& files) {
    std::error_code ignored;
    for (const char* suffix : {"", "-wal", "-shm", ".lock"})
        std::filesystem::remove(files.state().string() + suffix, ignored);
}

std::string text_of(const std::optional<CallsPerItem>& calls) {
    return calls ? calls->text() : std::string();
}

std::string new_id() {
    std::string id;
    for (const std::uint8_t byte : boost::uuids::random_generator()())
        id += fmt::format("{:02x}", byte);
    constexpr std::size_t length = 12;  // of the server's names: enough for as many batches as it can hold
    return id.substr(0, length);
}

std::string some_of(const std::vector<std::string>& faults, std::int64_t all) {
    std::string text = fmt::format("{}", fmt::join(faults, "\n"));
    const std::int64_t more = all - static_cast<std::int64_t>(faults.size());
    return more > 0 ? text + fmt::format("\n… and {} more", more) : text;
}

}  // namespace

void BatchCounts::count(Status status, std::int64_t how_many) {
    switch (status) {
        case Status::accepted:
            accepted += how_many;
            break;
        case Status::unresolved:
            unresolved += how_many;
            break;
        case Status::over_budget:
            over_budget += how_many;
            break;
        case Status::failed:
        case Status::queued:
        case Status::running:
        case Status::skipped:
        case Status::cancelled:
            failed += how_many;
            break;
    }
}

std::size_t useful_concurrency(const Workflow& workflow, std::size_t wanted) {
    std::size_t places = 0;
    for (const auto& [key, model] : models_in(workflow)) {
        const std::optional<int> limit = concurrency_of(model->provider);
        if (!limit) return wanted;
        places += static_cast<std::size_t>(*limit);
    }
    return std::clamp<std::size_t>(places, 1, wanted);
}

Batch::Batch(std::shared_ptr<const Workflow> workflow, std::istream& data, BatchSettings settings)
    : workflow_(std::move(workflow)), settings_(std::move(settings)) {
    const BatchFiles& files = settings_.files;
    if (settings_.calls_per_item)
        if (const auto why = why_no_constant_budget(*workflow_)) refuse(*why);
    check_files(files, settings_.resume);
    lock_ = std::make_unique<ProcessLock>(files.state(), "batch");
    check_files(files, settings_.resume);  // another may have come and gone since
    state_ = std::make_unique<BatchState>(files.state());
    const std::optional<BatchIdentity> known = state_->identity();
    try {
        if (known)
            go_on(*known, data);
        else
            begin(data);
    } catch (...) {
        state_.reset();
        if (!known) remove_state(files);
        throw;
    }
    counts_ = state_->counts();
    tell_of_set_aside(*state_, files, counts_.set_aside);
}

Batch::~Batch() = default;

void Batch::begin(std::istream& data) {
    SqliteTransaction all = state_->transaction();
    const std::string hash = take_in(data, *workflow_, *state_);
    check_data();
    id_ = new_id();
    state_->set_identity(
        {workflow_->name, workflow_->hash, hash, rfc3339(wall_time_now()), id_, text_of(settings_.calls_per_item)});
    all.commit();
}

void Batch::check_data() {
    const BatchCounts counts = state_->counts();
    if (settings_.strict && counts.set_aside > 0) refuse(some_of(faults(most_faults), counts.set_aside));
    if (counts.items > 0) return;
    if (counts.set_aside == 0) refuse("there are no items in the data");
    refuse("no line of the data can be run:\n" + some_of(faults(most_faults), counts.set_aside));
}

/// What was granted under one budget can't be told from what another would have granted.
void Batch::check_calls_per_item(const BatchIdentity& known) const {
    if (known.calls_per_item == text_of(settings_.calls_per_item)) return;
    if (known.calls_per_item.empty()) refuse("this batch was begun without --calls-per-item; go on without it");
    refuse(fmt::format("this batch was begun with --calls-per-item {0}; go on with --calls-per-item {0}",
                       known.calls_per_item));
}

void Batch::go_on(BatchIdentity known, std::istream& data) {
    id_ = known.id;
    check_calls_per_item(known);
    const bool other_workflow = known.workflow_hash != workflow_->hash;
    if (other_workflow && !settings_.force)
        refuse(
            fmt::format("{} belongs to another workflow, or this one has changed; with --force the items that have "
                        "ended keep their results",
                        settings_.files.state().string()));
    if (!settings_.data_passes_once) {
        const std::string hash = hash_of_data(data);
        if (hash != known.data_hash) take_other(known, data);
    }
    check_data();
    if (other_workflow) {
        fit_inputs();
        state_->forget_events([&](const std::vector<Event>& events) { return recorded_totals(events, *workflow_); });
    }
    known.workflow_hash = workflow_->hash;
    known.workflow = workflow_->name;
    state_->set_identity(known);
    state_->retry_failed();
}

/// Items that are left keep the inputs they were taken in with, as far as the workflow of today wants them.
void Batch::fit_inputs() {
    SqliteTransaction all = state_->transaction();
    std::int64_t last = 0;
    for (auto items = state_->waiting(last, 1); !items.empty(); items = state_->waiting(last, 1)) {
        const BatchItem& item = items.front();
        last = item.number;
        std::vector<std::string> faults;
        const nlohmann::json inputs = check_inputs(*workflow_, item.inputs, faults);
        if (!faults.empty())
            refuse(
                fmt::format("the workflow has changed so much that item {} can't be run any more ({}); begin another "
                            "batch",
                            item.id.dump(), fmt::join(faults, "; ")));
        if (inputs != item.inputs) state_->set_inputs(item.number, inputs);
    }
    all.commit();
}

void Batch::take_other(BatchIdentity& known, std::istream& data) {
    if (!settings_.force)
        refuse(
            fmt::format("{} belongs to other data; with --force items that are still there, with the same inputs, "
                        "keep their results",
                        settings_.files.state().string()));
    if (settings_.calls_per_item) refuse("a batch with --calls-per-item can't take in other data: begin another");
    data.clear();
    data.seekg(0);
    SqliteTransaction all = state_->transaction();
    state_->put_items_away();
    known.data_hash = take_in(data, *workflow_, *state_);
    check_data();
    state_->keep_results();
    state_->set_identity(known);
    all.commit();
}

std::vector<std::string> Batch::faults(std::size_t most) const {
    std::vector<std::string> faults;
    state_->each_set_aside([&](std::int64_t line, const std::string& fault, const std::string&) {
        if (faults.size() < most) faults.push_back(fmt::format("line {}: {}", line, fault));
    });
    return faults;
}

void Batch::count_waste(const std::string& key, const RunTotals& totals) {
    if (state_->add_waste(key, totals)) counts_.wasted += totals;
}

bool Batch::write_output() {
    const BatchCounts counts = state_->counts();
    if (counts.ended() < counts.items) return false;
    WholeFile out(settings_.files.output);
    state_->each_result([&](const std::string& id, const std::string& report) { out.write(output_line(id, report)); });
    out.close();
    std::error_code ignored;
    std::filesystem::remove(settings_.files.finished(), ignored);
    return true;
}

BatchStatus batch_status(const BatchFiles& files) {
    if (!there(files.state()))
        refuse(fmt::format("there is no {}: no batch has been begun with this output", files.state().string()));
    BatchState state = BatchState::look(files.state());
    BatchStatus status;
    const std::optional<BatchIdentity> identity = state.identity();
    status.taken_in = identity.has_value();
    if (identity) status.workflow = identity->workflow;
    if (identity) status.begun = identity->begun;
    status.counts = state.counts();
    status.under_way = state.under_way();
    status.complete = status.taken_in && status.counts.ended() == status.counts.items && there(files.output);
    return status;
}

}  // namespace enough
