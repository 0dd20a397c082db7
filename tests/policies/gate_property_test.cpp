#include <enough/policies/gate.hpp>

#include "generators.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstddef>
#include <functional>
#include <iterator>
#include <vector>

namespace enough {
namespace {

using test::evidence_of;

constexpr Signal signals[] = {Signal::entropy_mean,        Signal::entropy_max,     Signal::entropy_tail,
                              Signal::confidence_mean,     Signal::confidence_tail, Signal::confidence_lowest_group,
                              Signal::confidence_bottom10, Signal::logprob_mean};

int rank(Verdict verdict) {
    switch (verdict) {
        case Verdict::accept:
            return 0;
        case Verdict::refine:
            return 1;
        case Verdict::escalate:
        case Verdict::fail:
            return 2;
    }
    return 3;
}

rc::Gen<double> any_value() {
    return rc::gen::map(rc::gen::inRange(-40, 41), [](int tenths) { return tenths / 10.0; });
}

rc::Gen<Gate> any_gate() {
    return rc::gen::exec([] {
        Gate gate;
        gate.signal = *rc::gen::elementOf(std::vector<Signal>(std::begin(signals), std::end(signals)));
        gate.accept = *rc::gen::nonEmpty(rc::gen::container<std::vector<double>>(any_value()));
        if (*rc::gen::arbitrary<bool>()) gate.escalate = *any_value();
        gate.missing = *rc::gen::element(OnMissing::refine, OnMissing::escalate, OnMissing::fail);
        return gate;
    });
}

rc::Gen<ChainPosition> any_position() {
    return rc::gen::exec([] {
        const int last = *rc::gen::inRange(1, 5);
        return ChainPosition{*rc::gen::inRange(1, last + 1), last};
    });
}

RC_GTEST_PROP(GateProperty, ASurerValueNeverGetsALessAcceptingVerdict, ()) {
    const Gate gate = *any_gate();
    const ChainPosition position = *any_position();
    const double one = *any_value();
    const double other = *any_value();
    const bool one_is_surer = at_least_as_sure(gate.signal, one, other);
    const double sure = one_is_surer ? one : other;
    const double unsure = one_is_surer ? other : one;
    RC_ASSERT(rank(judge(gate, position, evidence_of(sure), {}).verdict) <=
              rank(judge(gate, position, evidence_of(unsure), {}).verdict));
}

RC_GTEST_PROP(GateProperty, MissingOrCorruptEvidenceIsNeverAccepted, ()) {
    Gate gate = *any_gate();
    gate.accept.assign(4, direction(gate.signal) == Direction::lower_is_surer ? 1e9 : -1e9);  // accepts whatever it can
    EvidenceSummary evidence = evidence_of(0.1);
    CallFacts facts;
    const std::function<void()> faults[] = {
        [&] { evidence = {}; },
        [&] { evidence.evidence_tokens = evidence.logprob_tokens = 89; },
        [&] { evidence.absent_tokens = 51; },
        [&] { evidence.repeated_pairs = 40; },
        [&] { evidence.corrupt_tokens = 2; },
        [&] { facts.logprobs_refused = true; },
        [&] { facts.reported_output_tokens = 0; },
        [&] { facts.reported_output_tokens = 50; },
        [&] { facts.reported_output_tokens = 150; },
        [&] { facts.finish_reason = FinishReason::length; },
        [&] { facts.finish_reason = FinishReason::filter; },
        [&] { facts.finish_reason = FinishReason::stopped_early; },
        [&] { facts.has_text = false; },
        [&] { facts.answer_extracted = false; },
    };
    const ChainPosition position = *any_position();
    RC_ASSERT(judge(gate, position, evidence, facts).verdict == Verdict::accept);
    faults[*rc::gen::inRange<std::size_t>(0, std::size(faults))]();
    const auto got = judge(gate, position, evidence, facts);
    RC_ASSERT(got.verdict != Verdict::accept);
    RC_ASSERT(!got.reason.empty());
}

RC_GTEST_PROP(GateProperty, TheLastStepNeverRefines, ()) {
    const Gate gate = *any_gate();
    ChainPosition position = *any_position();
    position.step = position.last;
    CallFacts facts;
    facts.finish_reason = *rc::gen::element(FinishReason::stop, FinishReason::length, FinishReason::stopped_early);
    RC_ASSERT(judge(gate, position, evidence_of(*any_value()), facts).verdict != Verdict::refine);
}

}  // namespace
}  // namespace enough
