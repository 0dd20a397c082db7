#include "serve/stored_runs.hpp"

#include "serve/served_report.hpp"

#include <enough/orchestrator/step.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <set>
#include <utility>

namespace enough {
namespace {

using Json = nlohmann::ordered_json;
using Resumed = std::variant<std::shared_ptr<ServedRun>, ApiError>;

constexpr const char* why_interrupted =
    "interrupted: the server ended before the run did (POST /v1/runs/ID/resume goes on with it)";

ApiError conflict(std::string message) {
    return ApiError{.status = 409, .message = std::move(message), .code = "run_not_resumable"};
}

/// All that is known where the workflow is not.
Json bare_report(const StoredRun& run) {
    return {{"run_id", run.id},
            {"workflow", run.workflow},
            {"status", name(Status::running)},
            {"output", nullptr},
            {"steps", Json::object()},
            {"usage", nullptr},
            {"started", rfc3339(run.created)},
            {"elapsed_ms", nullptr},
            {"error", nullptr}};
}

Json marked_interrupted(Json report) {
    report["status"] = name(Status::failed);
    report["interrupted"] = true;
    report["error"] = why_interrupted;
    return report;
}

/// Takes an id out of a set when it goes.
class Reserved {
public:
    Reserved(std::set<std::string>& ids, std::string id) : ids_(ids), id_(std::move(id)) {}
    ~Reserved() { ids_.erase(id_); }
    Reserved(const Reserved&) = delete;
    Reserved& operator=(const Reserved&) = delete;

private:
    std::set<std::string>& ids_;
    std::string id_;
};

/// Absent: the record does not fold (any more).
std::optional<RunState> folded(const ServedWorkflow& served, const std::vector<Event>& events) {
    try {
        return fold(served.workflow, events);
    } catch (const std::exception&) {
        return std::nullopt;
    }
}

}  // namespace

Task<std::optional<StoredRun>> StoredRuns::find(std::string id) {
    if (!store_) co_return std::nullopt;
    co_return co_await store_->find(std::move(id));
}

Task<Json> StoredRuns::report(StoredRun run) {
    if (run.status != StoredRun::interrupted) {
        Json kept = Json::parse(run.report, nullptr, false);
        co_return kept.is_object() ? std::move(kept) : bare_report(run);
    }
    const auto served = workflow_of(run);
    if (!served) co_return marked_interrupted(bare_report(run));
    std::vector<Event> events;
    try {
        events = co_await all_events(run.id);
    } catch (const std::invalid_argument&) {
        events.clear();  // damaged: no more is known
    } catch (const nlohmann::json::exception&) {
        events.clear();
    }
    const auto state = folded(*served, events);
    co_return marked_interrupted(state ? served_report(*state, events) : bare_report(run));
}

Task<StoredRuns::Page> StoredRuns::list(RunFilter filter) {
    const auto wanted = [&](const ServedRun& run) {
        return filter.wants(run.workflow().name, std::string(name(run.status())), run.key());
    };
    // Those in memory are looked at first: one that ends meanwhile is then in both, and not in neither.
    const auto live = runs_.list(wanted);
    std::vector<StoredRun> stored;
    if (store_) {
        std::set<std::string> known;
        for (const auto& run : live)
            known.insert(run->id());
        stored = co_await store_->list(filter, std::move(known));
    }
    Page page;
    std::string last;
    auto next_live = live.begin();
    auto next_stored = stored.begin();
    while (page.data.size() < filter.limit && (next_live != live.end() || next_stored != stored.end())) {
        const bool from_memory =
            next_stored == stored.end() || (next_live != live.end() && next_stored->key() < (*next_live)->key());
        last = from_memory ? (*next_live)->id() : next_stored->id;
        if (from_memory) {
            page.data.push_back((*next_live++)->report());
        } else {
            StoredRun run = std::move(*next_stored++);
            Json each = co_await report(std::move(run));
            page.data.push_back(std::move(each));
        }
    }
    if (next_live != live.end() || next_stored != stored.end()) page.next = last;
    co_return page;
}

Task<std::vector<StoredEvent>> StoredRuns::events(std::string id, std::uint64_t after) {
    if (!store_) co_return std::vector<StoredEvent>();
    co_return co_await store_->events(std::move(id), after);
}

Task<std::vector<Event>> StoredRuns::all_events(std::string id) {
    std::vector<Event> events;
    for (;;) {
        const std::uint64_t last = events.empty() ? 0 : events.back().number;
        const auto more = co_await store_->events(id, last);
        if (more.empty()) co_return events;
        for (const StoredEvent& each : more)
            events.push_back(event_from_json(nlohmann::json::parse(each.body)));
    }
}

/// Null: no workflow by its name is served, or another version of it.
std::shared_ptr<ServedWorkflow> StoredRuns::workflow_of(const StoredRun& run) const {
    const auto served = workflows_.find(run.workflow);
    if (served == workflows_.end() || served->second->workflow->hash != run.workflow_hash) return nullptr;
    return served->second;
}

Task<Resumed> StoredRuns::resume(std::string id, std::shared_ptr<Client> client) {
    if (const auto live = runs_.find(id))
        co_return conflict(live->ended() ? fmt::format("the run has ended: {}", name(live->status()))
                                         : "the run has not been interrupted: it is running");
    if (!resuming_.insert(id).second) co_return conflict("the run is being resumed already");
    const Reserved reserved(resuming_, id);
    const auto stored = co_await find(id);
    if (!stored) co_return no_such_run();
    if (stored->status != StoredRun::interrupted)
        co_return conflict(fmt::format("the run has ended: {}", stored->status));
    const auto served = workflow_of(*stored);
    if (!served) {
        const bool changed = workflows_.contains(stored->workflow);
        co_return conflict(fmt::format("workflow '{}' {}", stored->workflow,
                                       changed ? "has changed since the run was begun" : "is not served"));
    }
    if (runs_.full()) co_return too_many_runs();
    std::vector<Event> events;
    std::string damage;
    try {
        events = co_await all_events(id);
        fold(served->workflow, events);
    } catch (const AuditError&) {
        damage = "the run was recorded by a version of enough that decides otherwise";
    } catch (const std::invalid_argument&) {
        damage = "the run's record is incomplete";
    } catch (const nlohmann::json::exception&) {
        damage = "the run's record is damaged";
    }
    if (!damage.empty()) co_return conflict(damage);
    std::optional<Grant> grant;
    if (client) {
        auto admitted = clients_.admit(client, *served->workflow);
        if (auto* error = std::get_if<ApiError>(&admitted)) co_return std::move(*error);
        grant.emplace(std::get<Grant>(std::move(admitted)));
    }
    co_return runs_.resume(served, std::move(events), stored->created, std::move(grant));
}

Task<std::string> StoredRuns::resume_all() {
    if (!store_) co_return std::string();
    const std::vector<std::string> ids = co_await store_->interrupted();
    std::size_t resumed = 0;
    std::string first_reason;
    for (const std::string& id : ids) {
        const Resumed run = co_await resume(id, nullptr);
        const ApiError* error = std::get_if<ApiError>(&run);
        if (!error) ++resumed;
        if (error && first_reason.empty()) first_reason = fmt::format("run {}: {}", id, error->message);
    }
    if (ids.empty()) co_return std::string();
    if (resumed == ids.size()) co_return fmt::format("{} interrupted run(s) resumed", resumed);
    co_return fmt::format("{} of {} interrupted runs resumed; {}", resumed, ids.size(), first_reason);
}

}  // namespace enough
