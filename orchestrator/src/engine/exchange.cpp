#include "engine/fold.hpp"

#include <enough/workflows/workflow.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace enough {
namespace {

Exchange& exchange_of(Fold& fold, const CallRecord& call) {
    LadderState& ladder = fold.ladder_state(call.place);
    switch (call.purpose) {
        case CallPurpose::answer:
            return call.member ? ladder.panel->seats.at(*call.member).exchange : ladder.exchange;
        case CallPurpose::judge:
        case CallPurpose::fuse:
            return ladder.panel->referee;
        case CallPurpose::gate:
            return ladder.verdict;
    }
    return ladder.exchange;
}

const AgentRole& role_of(const Fold& fold, const CallRecord& call) {
    return fold.workflow(call.place).agents.at(call.agent);
}

std::string server_key(const Fold& fold, Place place, const std::string& server) {
    const Workflow& workflow = fold.workflow(place);
    return &workflow == fold.state.workflow.get() ? server : tool_server_prefix(workflow) + server;
}

std::vector<ToolSpec> tools_for(const Fold& fold, Place place, const AgentRole& role) {
    std::vector<ToolSpec> tools;
    for (const std::string& server : role.tools) {
        const auto found = fold.state.tools.find(server_key(fold, place, server));
        if (found == fold.state.tools.end()) continue;
        for (const ToolSpec& spec : found->second) {
            // Of tools by one name the agent has that of the server listed first.
            const auto same = [&](const ToolSpec& known) { return known.name == spec.name; };
            if (std::none_of(tools.begin(), tools.end(), same)) tools.push_back(spec);
        }
    }
    return tools;
}

/// The server that offers a tool to this agent; empty: none does.
std::string server_of(const Fold& fold, Place place, const AgentRole& role, const std::string& tool) {
    for (const std::string& server : role.tools) {
        const std::string key = server_key(fold, place, server);
        const auto found = fold.state.tools.find(key);
        if (found == fold.state.tools.end()) continue;
        const auto& specs = found->second;
        if (std::any_of(specs.begin(), specs.end(), [&](const ToolSpec& spec) { return spec.name == tool; }))
            return key;
    }
    return {};
}

CallRecord& new_call(Fold& fold, const CallOrder& order, const Reservation& reservation) {
    RunState& run = fold.state;
    CallRecord& call = run.calls.emplace_back();
    ++run.in_flight;
    call.id = static_cast<CallId>(run.calls.size());
    call.place = order.place;
    call.agent = order.agent;
    const Workflow& workflow = fold.workflow(order.place);
    call.model = workflow.models.at(workflow.agents.at(order.agent).model).key;
    call.purpose = order.purpose;
    call.rung = run.step(order.place).ladder.rung;
    call.chain_step = order.chain_step;
    call.chain_length = order.chain_length;
    call.member = order.member;
    call.requested = run.now;
    call.purse = run.step(order.place).purse;
    call.signal = order.signal;
    call.reservation = reservation;
    call.max_tokens = reservation.max_tokens;
    run.step(order.place).calls.push_back(call.id);
    return call;
}

CallOrder order_of(const CallRecord& call, const std::optional<SignalSettings>& evidence) {
    return {call.place,        call.agent,  call.purpose, call.chain_step,
            call.chain_length, call.member, call.signal,  evidence};
}

/// The same question again, with more in it.
void go_on(Fold& fold, CallRecord& call, const std::string& reason, std::vector<Message> messages) {
    call.reason = reason;
    fold.emit(CallContinued{call.id, reason});
    ask(fold, order_of(call, exchange_of(fold, call).evidence), std::move(messages));
}

Message assistant_turn(const Answer& answer) {
    return {Role::assistant, answer.text, answer.tool_calls, {}};
}

void call_tools(Fold& fold, CallRecord& call, const Answer& answer) {
    const AgentRole& role = role_of(fold, call);
    Exchange& exchange = exchange_of(fold, call);
    ++exchange.tool_rounds;
    exchange.messages.push_back(assistant_turn(answer));
    call.reason = fmt::format("called {} tool{}", answer.tool_calls.size(), answer.tool_calls.size() == 1 ? "" : "s");
    fold.emit(CallContinued{call.id, call.reason});
    for (const ToolCall& wish : answer.tool_calls) {
        fold.state.tool_uses.push_back({call.id, true});
        const auto use = static_cast<ToolUseId>(fold.state.tool_uses.size());
        exchange.uses.push_back({use, wish.id, std::nullopt});
        const std::string server = server_of(fold, call.place, role, wish.name);
        fold.emit(ToolRequested{use, call.id, server, wish.name, wish.arguments});
        if (!server.empty()) {
            fold.act(CallTool{use, server, wish.name, wish.arguments});
            continue;
        }
        fold.state.tool_uses.back().open = false;
        exchange.uses.back().result = ToolResult{fmt::format("there is no tool '{}'", wish.name), true};
    }
}

/// All tools of a round have returned: the agent goes on.
void resume_with_tools(Fold& fold, CallRecord& call) {
    Exchange& exchange = exchange_of(fold, call);
    const auto open = [](const Exchange::Use& use) { return !use.result; };
    if (std::any_of(exchange.uses.begin(), exchange.uses.end(), open)) return;
    for (Exchange::Use& use : exchange.uses)
        exchange.messages.push_back({Role::tool, std::move(use.result->content), {}, use.call_id});
    exchange.uses.clear();
    std::vector<Message> messages = exchange.messages;
    ask(fold, order_of(call, exchange.evidence), std::move(messages));
}

/// Why the answer must be written again, in words for the model; absent if it is fine or has had its chance.
std::optional<std::string> form_fault(const AgentRole& role, const CallRecord& call) {
    if (!role.schema || call.stopped_early() || call.finish_reason == FinishReason::length) return std::nullopt;
    if (!call.answer) return "there is no JSON in it";
    return role.schema->fault(*call.answer);
}

void repair(Fold& fold, CallRecord& call, const Answer& answer, const std::string& fault) {
    Exchange& exchange = exchange_of(fold, call);
    exchange.repaired = true;
    std::vector<Message> messages = exchange.messages;
    messages.push_back(assistant_turn(answer));
    messages.push_back(
        {Role::user,
         fmt::format("That answer can't be used: {}. Answer again with JSON alone that fits this schema:\n{}", fault,
                     role_of(fold, call).schema->text())});
    go_on(fold, call, fmt::format("asked to repair: {}", fault), std::move(messages));
}

void deliver(Fold& fold, CallRecord& call, const Answer& answer) {
    switch (call.purpose) {
        case CallPurpose::answer:
            if (call.member)
                on_member_done(fold, call, &answer);
            else
                on_chain_answer(fold, call, answer);
            return;
        case CallPurpose::judge:
        case CallPurpose::fuse:
            return on_referee_done(fold, call, &answer);
        case CallPurpose::gate:
            return on_gate_answer(fold, call);
    }
}

/// The agent's own settings, but for those that whoever started the run may set and did. Referees keep theirs: a client
/// chooses how it is answered, not how answers are judged.
Sampling sampling_of(const Fold& fold, const CallOrder& order, const AgentRole& role) {
    Sampling sampling = role.sampling;
    const Workflow& workflow = fold.workflow(order.place);
    if (order.purpose != CallPurpose::answer || &workflow != fold.state.workflow.get()) return sampling;
    const Sampling& wanted = fold.state.sampling;
    for (const SamplingField field : workflow.allowed) {
        switch (field) {
            case SamplingField::temperature:
                if (wanted.temperature) sampling.temperature = wanted.temperature;
                break;
            case SamplingField::top_p:
                if (wanted.top_p) sampling.top_p = wanted.top_p;
                break;
            case SamplingField::seed:
                if (wanted.seed) sampling.seed = wanted.seed;
                break;
            case SamplingField::max_tokens:
                if (wanted.max_tokens) sampling.max_tokens = wanted.max_tokens;
                break;
            case SamplingField::stop:
                if (!wanted.stop.empty()) sampling.stop = wanted.stop;
                break;
            case SamplingField::reasoning_effort:
                if (wanted.reasoning_effort) sampling.reasoning_effort = wanted.reasoning_effort;
                break;
        }
    }
    return sampling;
}

}  // namespace

std::string tool_server_prefix(const Workflow& sub_workflow) {
    return fmt::format("{}@{}/", sub_workflow.name, sub_workflow.hash.substr(0, 8));
}

bool ask(Fold& fold, const CallOrder& order, std::vector<Message> messages) {
    if (!is_granted(fold, order, messages)) return false;
    RunState& run = fold.state;
    const Workflow& workflow = fold.workflow(order.place);
    const AgentRole& role = workflow.agents.at(order.agent);
    Sampling sampling = sampling_of(fold, order, role);
    const auto& time = run.budget().limits().time;
    if (time && run.now >= *time) {
        over_budget(fold, Purses::whole_run, time_spent(*time));
        return false;
    }
    std::vector<ToolSpec> tools = tools_for(fold, order.place, role);
    Demand demand;
    demand.input_tokens = estimated_input_tokens(messages, tools);
    demand.max_tokens = sampling.max_tokens;
    demand.price = dearest_price(workflow, role.model);  // whichever model answers in the end
    const Purses::Admission admission = run.purses.reserve(run.step(order.place).purse, demand);
    if (!admission.reservation) {
        over_budget(fold, admission.refused_by, fmt::format("step '{}': {}", run.path(order.place), admission.refusal));
        return false;
    }

    CallRecord& call = new_call(fold, order, *admission.reservation);
    Exchange& exchange = exchange_of(fold, call);
    exchange.call = call.id;
    exchange.evidence = order.evidence;
    exchange.messages = messages;
    Ask action{.call = call.id, .model = call.model, .messages = std::move(messages), .sampling = std::move(sampling)};
    action.sampling.max_tokens = call.max_tokens;
    // One seed for all members of a panel would make them one answer, and their agreement worthless.
    if (call.member && action.sampling.seed) *action.sampling.seed += *call.member;
    action.tools = std::move(tools);
    action.tools_forbidden = exchange.tool_rounds >= role.max_tool_rounds;
    action.evidence = order.evidence;
    if (action.tools.empty())  // an answer that calls tools must not be cut
        action.stop_early = call.member ? member_stop(fold, call) : chain_stop(fold, call);
    fold.emit(CallRequested{call.id, run.path(call.place), call.agent, call.model, call.rung, call.chain_step,
                            call.chain_length, call.purpose, call.member, action.messages, action.sampling});
    fold.act(std::move(action));
    return true;
}

void on_answer(Fold& fold, CallRecord& call, const CallAnswered& fact) {
    const AgentRole& role = role_of(fold, call);
    const Answer& answer = fact.answer;
    const bool may_call = !role.tools.empty() && exchange_of(fold, call).tool_rounds < role.max_tool_rounds;
    if (!answer.tool_calls.empty() && may_call) {
        if (broke_a_limit(fold, call)) return;
        call_tools(fold, call, answer);
        return resume_with_tools(fold, call);
    }
    if (!call.stopped_early()) call.answer = role.answer(call.text);
    if (const auto fault = form_fault(role, call)) {
        call.answer.reset();
        if (!exchange_of(fold, call).repaired) {
            if (broke_a_limit(fold, call)) return;
            return repair(fold, call, answer, *fault);
        }
    }
    deliver(fold, call, answer);
}

void on_failure(Fold& fold, CallRecord& call, const std::string& message) {
    call.reason = message;
    fold.emit(CallGivenUp{call.id, message});
    if (broke_a_limit(fold, call)) return;
    switch (call.purpose) {
        case CallPurpose::answer:
            if (call.member) return on_member_done(fold, call, nullptr);
            return rung_failed(fold, call.place, message);
        case CallPurpose::judge:
        case CallPurpose::fuse:
            return on_referee_done(fold, call, nullptr);
        case CallPurpose::gate:
            return on_gate_failure(fold, call, message);
    }
}

void on_tool_result(Fold& fold, ToolUseId id, const ToolResult& result) {
    ToolUse& use = fold.state.tool_uses.at(id - 1);
    use.open = false;
    CallRecord& call = fold.state.call(use.call);
    for (Exchange::Use& waiting : exchange_of(fold, call).uses)
        if (waiting.id == id) waiting.result = result;
    resume_with_tools(fold, call);
}

CallFacts facts_of(const Fold& fold, const CallRecord& call, const Answer& answer) {
    CallFacts facts;
    facts.finish_reason = answer.finish_reason;
    facts.reported_output_tokens = answer.reported_output_tokens;
    facts.reported_reasoning_tokens = answer.reported_reasoning_tokens;
    if (answer.usage.reasoning_tokens > 0) facts.reported_reasoning_tokens = answer.usage.reasoning_tokens;
    facts.has_text = !answer.text.empty();
    facts.answer_extracted = call.answer.has_value();
    facts.logprobs_refused = answer.logprobs_refused;
    facts.max_tokens = call.max_tokens;
    facts.model = answer.model;
    facts.fingerprint = answer.fingerprint;
    facts.has_reasoning = !answer.reasoning.empty() || answer.usage.reasoning_tokens > 0;
    facts.pin = fold.workflow(call.place).models.at(role_of(fold, call).model).evidence;
    facts.asked = call.model;
    facts.answered_by = answer.answered_by;
    return facts;
}

void abandon(Fold& fold, Exchange& exchange) {
    Forget forgotten;
    for (const Exchange::Use& use : exchange.uses) {
        if (!fold.state.tool_uses.at(use.id - 1).open) continue;
        fold.state.tool_uses.at(use.id - 1).open = false;
        forgotten.tool_uses.push_back(use.id);
    }
    exchange.uses.clear();
    if (!forgotten.tool_uses.empty()) fold.act(std::move(forgotten));
}

void set_aside(Fold& fold, CallRecord& call, const std::string& reason) {
    if (!call.in_flight || call.abort_requested) return;
    call.abort_requested = true;
    call.wasted = true;
    call.reason = reason;
    fold.emit(CallSetAside{call.id, reason});
    fold.act(Abort{call.id});
}

}  // namespace enough
