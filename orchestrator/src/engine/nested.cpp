#include "engine/fold.hpp"

#include <enough/json/shallow_json.hpp>
#include <enough/workflows/inputs.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace enough {
namespace {

using nlohmann::json;

constexpr int usual_parallel = 16;

/// Every path that a step's own texts mention.
std::vector<Path> paths_in(const Step& step) {
    std::vector<Path> paths;
    const auto add = [&](const auto& text) {
        for (Path& path : text.paths())
            paths.push_back(std::move(path));
    };
    if (step.when) add(*step.when);
    add(step.fallback);
    if (const auto* ladder = std::get_if<Ladder>(&step.body)) add(ladder->prompt);
    if (const auto* each = std::get_if<ForEach>(&step.body)) add(each->items);
    if (const auto* loop = std::get_if<Loop>(&step.body)) add(loop->until);
    if (const auto* approval = std::get_if<Approval>(&step.body)) add(approval->message);
    if (const auto* choice = std::get_if<Switch>(&step.body))
        for (const Switch::Case& each : choice->cases)
            if (each.when) add(*each.when);
    if (const auto* sub = std::get_if<SubWorkflow>(&step.body))
        for (const SubWorkflow::Argument& argument : sub->arguments)
            argument.value ? add(*argument.value) : add(argument.text);
    return paths;
}

/// Adds what `path` leads to, as far as it is there.
void let_see(json& seen, const json& around, const Path& path) {
    const auto root = around.find(path.front());
    if (root == around.end()) return;
    const bool named = path.front() == "inputs" || path.front() == "steps";
    if (!named)
        seen[path.front()] = *root;
    else if (path.size() > 1 && root->contains(path[1]))
        seen[path.front()][path[1]] = (*root)[path[1]];
}

/// Of what is seen around some steps, that which they mention: a pass of a long list must not carry the whole list.
json seen_inside(const json& around, const std::vector<Step>& steps) {
    json seen{{"inputs", json::object()}, {"steps", json::object()}};
    each_step(steps, [&](const Step& step) {
        for (const Path& path : paths_in(step))
            let_see(seen, around, path);
    });
    return seen;
}

/// Opens a frame for steps that stand inside another one. What they see is what that one sees, and more.
Frame& open_frame(Fold& fold, Place parent, const std::vector<Step>& steps, std::string path, json context) {
    RunState& run = fold.state;
    StepState& step = run.step(parent);
    const FrameId id = run.frames.size();
    Frame& frame = run.frames.emplace_back();
    frame.workflow = run.frames.at(parent.frame).workflow;
    frame.definitions = &steps;
    frame.parent = parent;
    frame.index = step.frames.size();
    frame.path = std::move(path);
    frame.in_place = steps.size() == 1 && steps.front().id == run.definition(parent).id;
    frame.purse = step.purse;
    frame.steps.resize(steps.size());
    frame.context = std::move(context);
    step.frames.push_back(id);
    ++step.open_frames;
    fold.touched.push_back(id);
    return frame;
}

/// What a list may be written as: a list, or text that is one in JSON (an agent's answer).
std::optional<json> as_list(json value) {
    if (value.is_string()) value = parse_shallow(value.get_ref<const std::string&>());
    return value.is_array() ? std::optional(std::move(value)) : std::nullopt;
}

// for_each

void open_items(Fold& fold, Place place) {
    const ForEach& each = std::get<ForEach>(fold.definition(place).body);
    const auto parallel = static_cast<std::size_t>(each.max_parallel.value_or(usual_parallel));
    while (true) {
        StepState& step = fold.step(place);
        const std::size_t next = step.frames.size();
        if (next >= step.items.size() || step.open_frames >= parallel) return;
        json context = seen_inside(fold.context(place), each.steps);
        context["item"] = step.items[next];
        context["index"] = next;
        open_frame(fold, place, each.steps, fmt::format("{}[{}]", fold.state.path(place), next), std::move(context));
    }
}

void finish_for_each(Fold& fold, Place place) {
    StepState& step = fold.step(place);
    json outputs = json::array();
    std::size_t accepted = 0;
    for (const FrameId id : step.frames) {
        const Frame& frame = fold.state.frames.at(id);
        accepted += frame.status == Status::accepted ? 1 : 0;
        outputs.push_back(frame.output ? json(*frame.output) : json(nullptr));
    }
    step.items = nullptr;
    step.text = step.answer = outputs.dump(-1, ' ', false, json::error_handler_t::replace);
    const bool all = accepted == step.frames.size();
    finish_step(fold, place, all ? Status::accepted : Status::unresolved,
                fmt::format("{} of {} items accepted", accepted, step.frames.size()));
}

void begin_for_each(Fold& fold, Place place, const ForEach& each) {
    auto items = as_list(each.items.evaluate(fold.context(place)));
    if (!items)
        return finish_step(fold, place, Status::failed, fmt::format("for_each: '{}' is no list", each.items.text()));
    fold.step(place).items = *std::move(items);
    if (fold.step(place).items.empty()) return finish_for_each(fold, place);
    open_items(fold, place);
}

void item_ended(Fold& fold, Place place) {
    StepState& step = fold.step(place);
    if (step.frames.size() == step.items.size() && step.open_frames == 0) return finish_for_each(fold, place);
    open_items(fold, place);
}

// loop

/// The last of a frame's steps that was not skipped: what a pass gives.
std::optional<std::size_t> last_done(const Frame& frame) {
    for (std::size_t i = frame.steps.size(); i-- > 0;)
        if (frame.steps[i].status != Status::skipped) return i;
    return std::nullopt;
}

void open_pass(Fold& fold, Place place, const Loop& loop, json previous) {
    const std::size_t iteration = fold.step(place).frames.size() + 1;
    json context = seen_inside(fold.context(place), loop.steps);
    for (const Path& path : loop.until.paths())
        let_see(context, fold.context(place), path);
    context["iteration"] = iteration;
    context["previous"] = std::move(previous);
    open_frame(fold, place, loop.steps, fmt::format("{}[{}]", fold.state.path(place), iteration), std::move(context));
}

/// Takes over what the inner steps came to.
void take_over(Fold& fold, Place place, FrameId inner) {
    const Frame& frame = fold.state.frames.at(inner);
    StepState& step = fold.step(place);
    const auto last = last_done(frame);
    if (!last) return;
    const StepState& source = frame.steps[*last];
    step.text = source.text;
    step.answer = source.answer;
    step.agent = source.agent;
    step.panels = source.panels;
}

// sub-workflow

const Input* input_named(const Workflow& workflow, const std::string& name) {
    for (const auto& [known, input] : workflow.inputs)
        if (known == name) return &input;
    return nullptr;
}

/// Text is read by the input's type, whether it was written so or an answer gave it. What can't be read so stays text,
/// for `check_inputs` to say what is wrong with it.
json argument(const Workflow& workflow, const SubWorkflow::Argument& given, const json& context) {
    json value = given.value ? given.value->evaluate(context) : json(given.text.render(context));
    const Input* input = input_named(workflow, given.input);
    if (!input || !value.is_string() || input->type == InputType::string) return value;
    try {
        return parse_input(input->type, value.get_ref<const std::string&>());
    } catch (const std::invalid_argument&) {
        return value;
    }
}

void begin_sub_workflow(Fold& fold, Place place, const SubWorkflow& sub) {
    json given = json::object();
    for (const SubWorkflow::Argument& each : sub.arguments)
        given[each.input] = argument(*sub.workflow, each, fold.context(place));
    std::vector<std::string> faults;
    json inputs = check_inputs(*sub.workflow, given, faults);
    if (!faults.empty())
        return finish_step(fold, place, Status::failed,
                           fmt::format("workflow '{}': {}", sub.workflow->name, fmt::join(faults, "; ")));
    RunState& run = fold.state;
    Frame& frame = open_frame(fold, place, sub.workflow->steps, run.path(place),
                              {{"inputs", std::move(inputs)}, {"steps", json::object()}});
    frame.workflow = sub.workflow;
    frame.in_place = false;
    const RunLimits& limits = sub.workflow->limits;
    if (limits.usd || limits.tokens || limits.calls) frame.purse = open_purse(fold, place, limits);
    if (limits.time)
        set_timer(fold, {place, run.step(place).attempt, Timer::Purpose::sub_time}, run.now + RunTime(*limits.time));
}

}  // namespace

void begin_nested(Fold& fold, Place place) {
    const Step& definition = fold.definition(place);
    if (const auto* each = std::get_if<ForEach>(&definition.body)) return begin_for_each(fold, place, *each);
    if (const auto* loop = std::get_if<Loop>(&definition.body)) return open_pass(fold, place, *loop, nullptr);
    if (const auto* sub = std::get_if<SubWorkflow>(&definition.body)) return begin_sub_workflow(fold, place, *sub);
    for (const Switch::Case& each : std::get<Switch>(definition.body).cases) {
        if (each.when && !truthy(each.when->evaluate(fold.context(place)))) continue;
        json context = seen_inside(fold.context(place), each.steps);
        open_frame(fold, place, each.steps, fold.state.path(place), std::move(context));
        return;
    }
    finish_step(fold, place, Status::skipped, "no case fits");
}

void on_frame_ended(Fold& fold, FrameId inner) {
    Frame& frame = fold.state.frames.at(inner);
    const Place place = frame.parent.value();
    StepState& step = fold.step(place);
    --step.open_frames;
    if (step.status != Status::running) return;
    const Step& definition = fold.definition(place);
    if (frame.status == Status::failed || frame.status == Status::over_budget)
        return finish_step(fold, place, frame.status, frame.error.value_or("failed"));
    if (std::holds_alternative<ForEach>(definition.body)) return item_ended(fold, place);
    if (std::holds_alternative<SubWorkflow>(definition.body)) {
        step.text = step.answer = frame.output;
        return finish_step(fold, place, frame.status, fmt::format("workflow '{}' ended", frame.workflow->name));
    }
    take_over(fold, place, inner);
    const auto* loop = std::get_if<Loop>(&definition.body);
    if (!loop) return finish_step(fold, place, frame.status, "the case's steps ended");
    const auto passes = static_cast<int>(step.frames.size());
    if (truthy(loop->until.evaluate(frame.context)))
        return finish_step(
            fold, place, frame.status,
            fmt::format("until: {} after {} pass{}", loop->until.text(), passes, passes == 1 ? "" : "es"));
    if (passes >= loop->max)
        return finish_step(fold, place, Status::unresolved, fmt::format("{} passes, max is reached", passes));
    const auto last = last_done(frame);
    open_pass(fold, place, *loop, last ? step_context(fold.state, {inner, *last}) : json(nullptr));
}

void begin_approval(Fold& fold, Place place) {
    RunState& run = fold.state;
    run.approvals.push_back({place, true});
    const auto id = static_cast<ApprovalId>(run.approvals.size());
    run.step(place).approval = id;
    std::string message = std::get<Approval>(fold.definition(place).body).message.render(fold.context(place));
    fold.emit(ApprovalRequested{id, run.path(place), message});
    fold.act(AskApproval{id, run.path(place), std::move(message)});
}

void on_approval(Fold& fold, const ApprovalGiven& fact) {
    PendingApproval& pending = fold.state.approvals.at(fact.approval - 1);
    pending.open = false;
    StepState& step = fold.step(pending.place);
    step.answer = fact.approved ? "yes" : "no";
    step.text = fact.comment;
    const std::string by = fact.by.empty() ? "" : " by " + fact.by;
    const std::string said = fact.comment.empty() ? "" : ": " + fact.comment;
    finish_step(fold, pending.place, fact.approved ? Status::accepted : Status::failed,
                fmt::format("{}{}{}", fact.approved ? "approved" : "not approved", by, said));
}

}  // namespace enough
