#include "evaluation/observed_chain.hpp"

#include <fmt/format.h>

#include <utility>

namespace enough {
namespace {

ObservedStep observe(const WitnessedCall& call, bool correct) {
    const Answer& answer = *call.answer;
    ObservedStep step;
    if (call.judgement) {
        step.score = call.judgement->value;
        step.coverage = call.judgement->coverage;
    }
    step.input_tokens = answer.usage.input_tokens;
    step.output_tokens = answer.usage.output_tokens;
    step.truncated = answer.finish_reason == FinishReason::length;
    const bool whole = answer.finish_reason == FinishReason::stop || answer.finish_reason == FinishReason::other;
    step.acceptable = whole && !answer.text.empty() && call.value.has_value();
    step.correct = correct;
    step.running = call.running;
    if (step.score && call.evidence) step.features = features(*call.evidence).value_or(std::vector<double>());
    return step;
}

}  // namespace

Task<RecordedChain> observe_chain(const ItemRun& run, const std::string& step_id, int length, const DataItem& item,
                                  OutputGrader& grader) {
    RecordedChain recorded;
    recorded.chain.id = item.id.dump();
    for (const WitnessedCall& call : run.calls) {
        if (call.request.step != step_id || call.request.purpose != CallPurpose::answer) continue;
        if (call.answer && !call.judgement) continue;  // it called tools, or was asked to mend its form
        if (!call.answer) {
            recorded.failure = fmt::format("step {} of the chain failed: {}", call.request.chain_step, call.failure);
            co_return recorded;
        }
        if (!call.answer->answered_by.empty()) {
            recorded.failure = fmt::format("step {} of the chain was answered by the fallback '{}'",
                                           call.request.chain_step, call.answer->answered_by);
            co_return recorded;
        }
        const bool correct = co_await grader.grade(item, call.value);
        recorded.chain.steps.push_back(observe(call, correct));
        recorded.calls.push_back(call);
    }
    if (recorded.calls.size() != static_cast<std::size_t>(length))
        recorded.failure = fmt::format("the chain has {} of {} steps: {}", recorded.calls.size(), length,
                                       run.state.error.value_or(std::string(name(run.state.status))));
    co_return recorded;
}

}  // namespace enough
