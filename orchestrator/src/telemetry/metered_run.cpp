#include "telemetry/metered_run.hpp"

#include "event_names.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace enough {
namespace {

double seconds(RunTime time) {
    return time.count() / 1'000;
}

std::string outcome_of(const Answer& answer) {
    if (answer.from_cache) return "cached";
    switch (answer.finish_reason) {
        case FinishReason::stopped_early:
            return "stopped_early";
        case FinishReason::length:
            return "truncated";
        case FinishReason::filter:
            return "filtered";
        case FinishReason::stop:
        case FinishReason::tool_calls:
        case FinishReason::other:
            return "answered";
    }
    return "answered";
}

double tokens(std::int64_t count) {
    return static_cast<double>(std::max<std::int64_t>(count, 0));  // a server may say anything
}

}  // namespace

struct MeteredRun::Told {
    MeteredRun& run;
    RunTime at;
    const std::optional<EndedCall>& ended;  ///< with this event

    RunMetrics& metrics() const { return run.metrics_; }

    void operator()(const CallRequested& event) const {
        Asked& asked = run.asked_[event.call];
        asked.model = event.model;
        asked.agent = event.agent;
        if (event.purpose == CallPurpose::answer && event.chain_step == 1 && !event.member)
            asked.gate = GatePlace(path_without_indices(event.step), event.rung);
        metrics().calls_in_flight_.add({event.model});
    }

    void operator()(const CallAnswered& event) const {
        if (!ended) return;
        const Answer& answer = event.answer;
        metrics().calls_.add({ended->model, ended->agent, outcome_of(answer)});
        if (!answer.from_cache) {
            metrics().call_seconds_.observe({ended->model}, seconds(answer.latency));
            if (answer.first_token)
                metrics().first_token_seconds_.observe({ended->model}, seconds(*answer.first_token));
        }
        if (event.evidence && event.evidence->entropy_mean)
            metrics().entropy_.observe({ended->model}, *event.evidence->entropy_mean);
    }

    void operator()(const CallFailed& event) const {
        if (!ended) return;
        metrics().calls_.add({ended->model, ended->agent, "failed"});
        metrics().call_failures_.add({ended->model, std::string(name(event.kind))});
    }

    void operator()(const CallAborted&) const {
        if (ended) metrics().calls_.add({ended->model, ended->agent, "aborted"});
    }

    void operator()(const AttemptDecided& event) const {
        const auto* call = run.book_.open(event.call);
        if (!call) return;
        metrics().attempts_.add(
            {call->model, std::string(named(attempt_kinds, call->asked_for)), event.granted ? "granted" : "refused"});
    }

    void operator()(const CallJudged& event) const {
        const auto known = run.asked_.find(event.call);
        if (known == run.asked_.end()) return;
        const Asked asked = std::move(known->second);
        run.asked_.erase(known);
        metrics().verdicts_.add({asked.model, asked.agent, std::string(name(event.judgement.verdict))});
        if (event.signal.empty()) return;
        metrics().evidence_.add({asked.model, event.judgement.value ? "present" : "missing"});
        if (!asked.gate || !event.judgement.value) return;
        const auto gate = run.gates_.find(*asked.gate);
        if (gate != run.gates_.end())
            metrics().drift_of(run.workflow_->name, gate->first, *gate->second).add(*event.judgement.value);
    }

    void operator()(const PanelDecided& event) const {
        metrics().panels_.add({run.workflow_->name, std::string(name(event.judgement.verdict))});
    }

    void operator()(const ToolRequested& event) const {
        // A name that no server offers is the model's invention, and no label.
        if (event.server.empty())
            metrics().tools_.add({"none", "unknown", "error"});
        else
            run.tools_.emplace(event.use, std::pair(event.server, event.tool));
    }

    void operator()(const ToolReturned& event) const {
        const auto known = run.tools_.find(event.use);
        if (known == run.tools_.end()) return;
        metrics().tools_.add({known->second.first, known->second.second, event.result.is_error ? "error" : "ok"});
        run.tools_.erase(known);
    }

    void operator()(const RunFinished& event) const {
        run.ended_ = true;
        metrics().runs_in_flight_.add({run.workflow_->name}, -1);
        metrics().runs_.add({run.workflow_->name, std::string(name(event.status))});
        metrics().run_seconds_.observe({run.workflow_->name}, seconds(at));
    }

    template <class Other>
    void operator()(const Other&) const {}
};

MeteredRun::MeteredRun(RunMetrics& metrics, std::shared_ptr<const Workflow> workflow)
    : metrics_(metrics), workflow_(std::move(workflow)), book_(*workflow_), gates_(calibrated_gates(*workflow_)) {
    metrics_.runs_in_flight_.add({workflow_->name});
}

MeteredRun::~MeteredRun() {
    if (!ended_) metrics_.runs_in_flight_.add({workflow_->name}, -1);
    for (const auto& [id, call] : book_.all_open())
        metrics_.calls_in_flight_.add({call.model}, -1);
}

void MeteredRun::on(const Event& event) {
    const auto ended = book_.on(event);
    if (ended) count(*ended);
    std::visit(Told{*this, event.at, ended}, event.body);
}

void MeteredRun::count(const EndedCall& call) {
    const std::string& model = call.model;
    const double input = tokens(call.used.input_tokens);
    const double output = tokens(call.used.output_tokens);
    metrics_.calls_in_flight_.add({model}, -1);
    metrics_.tokens_.add({model, "input"}, input);
    metrics_.tokens_.add({model, "output"}, output);
    metrics_.cached_tokens_.add({model}, tokens(call.used.cached_input_tokens));
    metrics_.reasoning_tokens_.add({model}, tokens(call.used.reasoning_tokens));
    if (call.priced) metrics_.spend_.add({model}, call.usd);
    if (call.unwanted) metrics_.wasted_tokens_.add({model}, input + output);
}

}  // namespace enough
