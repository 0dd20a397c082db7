#include "telemetry/call_book.hpp"

#include <enough/orchestrator/budget.hpp>

#include <algorithm>
#include <utility>
#include <variant>

namespace enough {
namespace {

/// The final account counts all attempts; only that of a call that was cut short may know less than was named before.
Usage all_of(const Usage& account, const Usage& booked) {
    return {std::max(account.input_tokens, booked.input_tokens),
            std::max(account.cached_input_tokens, booked.cached_input_tokens),
            std::max(account.output_tokens, booked.output_tokens),
            std::max(account.reasoning_tokens, booked.reasoning_tokens), account.estimated};
}

}  // namespace

CallBook::CallBook(const Workflow& workflow) {
    add_prices(workflow);
}

void CallBook::add_prices(const Workflow& workflow) {
    for (const auto& [name, model] : workflow.models)
        prices_.emplace(model.key.empty() ? name : model.key, Prices{model.price, dearest_price(workflow, name)});
    each_step(workflow.steps, [&](const Step& step) {
        if (const auto* inner = std::get_if<SubWorkflow>(&step.body)) add_prices(*inner->workflow);
    });
}

std::optional<EndedCall> CallBook::on(const Event& event) {
    if (const auto* asked = std::get_if<CallRequested>(&event.body)) {
        OpenCall& call = open_[asked->call];
        call.model = asked->model;
        call.agent = asked->agent;
    } else if (const auto* wish = std::get_if<AttemptRequested>(&event.body)) {
        if (OpenCall* call = find(wish->call)) {
            call->booked += wish->spent;
            call->asked_for = wish->kind;
        }
    } else if (const auto* decided = std::get_if<AttemptDecided>(&event.body)) {
        OpenCall* call = find(decided->call);
        if (call && decided->granted) {
            ++call->attempts;
            call->fell_back = call->fell_back || call->asked_for == AttemptKind::fallback;
        }
    } else if (const auto* aside = std::get_if<CallSetAside>(&event.body)) {
        if (OpenCall* call = find(aside->call)) call->unwanted = true;
    } else if (const auto* answered = std::get_if<CallAnswered>(&event.body)) {
        OpenCall* call = find(answered->call);
        if (call && !answered->answer.answered_by.empty()) call->fell_back = true;
        return end(answered->call, answered->answer.usage);
    } else if (const auto* failed = std::get_if<CallFailed>(&event.body)) {
        return end(failed->call, failed->spent);
    } else if (const auto* aborted = std::get_if<CallAborted>(&event.body)) {
        if (OpenCall* call = find(aborted->call)) call->unwanted = true;
        return end(aborted->call, aborted->spent);
    }
    return std::nullopt;
}

const CallBook::OpenCall* CallBook::open(CallId call) const {
    const auto known = open_.find(call);
    return known == open_.end() ? nullptr : &known->second;
}

CallBook::OpenCall* CallBook::find(CallId call) {
    const auto known = open_.find(call);
    return known == open_.end() ? nullptr : &known->second;
}

std::optional<EndedCall> CallBook::end(CallId id, const Usage& account) {
    const auto known = open_.find(id);
    if (known == open_.end()) return std::nullopt;
    const OpenCall call = std::move(known->second);
    open_.erase(known);
    EndedCall ended{.call = id, .model = call.model, .agent = call.agent, .used = all_of(account, call.booked)};
    ended.unwanted = call.unwanted;
    ended.attempts = call.attempts;
    const auto prices = prices_.find(call.model);
    if (prices == prices_.end()) return ended;
    const auto& price = call.fell_back ? prices->second.dearest : prices->second.own;
    ended.priced = price.has_value();
    ended.usd = cost_usd(ended.used, price);
    return ended;
}

}  // namespace enough
