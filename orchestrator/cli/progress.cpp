#include "progress.hpp"

#include <fmt/format.h>

namespace enough::cli {
namespace {

constexpr auto refresh = std::chrono::milliseconds(100);

Colour colour_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::accept:
            return Colour::green;
        case Verdict::refine:
            return Colour::yellow;
        case Verdict::escalate:
            return Colour::blue;
        case Verdict::fail:
            return Colour::red;
    }
    return Colour::none;
}

double seconds(RunTime time) {
    return time.count() / 1000.0;
}

/// `member 0`, in a debate `member 0 round 2/3`.
std::string member(const CallRequested& event) {
    if (event.chain_length < 2) return fmt::format("member {}", *event.member);
    return fmt::format("member {} round {}/{}", *event.member, event.chain_step, event.chain_length);
}

}  // namespace

void Progress::on(const Event& event) {
    if (const auto* requested_event = std::get_if<CallRequested>(&event.body)) requested(*requested_event, event.at);
    if (const auto* answered_event = std::get_if<CallAnswered>(&event.body)) answered(*answered_event);
    if (const auto* judged_event = std::get_if<CallJudged>(&event.body)) judged(*judged_event, event.at);
    if (const auto* given_up_event = std::get_if<CallGivenUp>(&event.body)) given_up(*given_up_event, event.at);
    if (const auto* ballot_event = std::get_if<BallotCast>(&event.body)) ballot(*ballot_event, event.at);
    if (const auto* continued_event = std::get_if<CallContinued>(&event.body)) continued(*continued_event, event.at);
    if (const auto* aside_event = std::get_if<CallSetAside>(&event.body)) set_aside(*aside_event);
    if (const auto* decided_event = std::get_if<PanelDecided>(&event.body)) decided(*decided_event);
    if (const auto* retried = std::get_if<StepRetried>(&event.body))
        terminal_.line(fmt::format("  {:<10} attempt {}: {}", retried->step, retried->attempt, retried->reason));
    if (const auto* finished_event = std::get_if<StepFinished>(&event.body)) finished(*finished_event);
}

void Progress::on_delta(const CallDelta& delta) {
    if (delta.restart)
        return terminal_.line(
            fmt::format("  {}  starts over: the attempt failed, another is made", calls_[delta.call].who));
    const auto now = std::chrono::steady_clock::now();
    if (!terminal_.live() || now - shown_ < refresh) return;
    shown_ = now;
    std::string entropy;
    if (delta.entropy_mean) entropy = fmt::format("  entropy {:.2f} so far", *delta.entropy_mean);
    terminal_.rewrite(fmt::format("  {}  writing, {} tokens{}", calls_[delta.call].who, delta.tokens, entropy));
}

void Progress::requested(const CallRequested& event, RunTime at) {
    Call& call = calls_[event.call];
    const std::string what = event.member ? member(event)
                             : event.purpose != CallPurpose::answer
                                 ? std::string(name(event.purpose))
                                 : fmt::format("step {}/{}", event.chain_step, event.chain_length);
    call.who = fmt::format("{:<10} {:<10} {:<8}", event.step, event.agent, what);
    call.began = at;
    terminal_.rewrite(fmt::format("  {}  asking {}", call.who, event.model));
}

void Progress::answered(const CallAnswered& event) {
    calls_[event.call].tokens = event.answer.usage.output_tokens;
}

void Progress::judged(const CallJudged& event, RunTime at) {
    tell(event.call, colour_of(event.judgement.verdict), name(event.judgement.verdict), at, event.judgement.reason);
}

void Progress::tell(CallId id, Colour colour, std::string_view word, RunTime at, const std::string& reason) {
    const Call& call = calls_[id];
    terminal_.line(fmt::format("  {}  {} {:>5} tokens {:>6.2f} s  {}", call.who,
                               terminal_.paint(colour, fmt::format("{:<8}", word)), call.tokens,
                               seconds(at - call.began), terminal_.paint(Colour::dim, reason)));
    calls_.erase(id);
}

void Progress::ballot(const BallotCast& event, RunTime at) {
    tell(event.call, Colour::none, "answer", at, event.answer ? *event.answer : event.reason);
}

void Progress::continued(const CallContinued& event, RunTime at) {
    tell(event.call, Colour::none, "goes on", at, event.reason);
}

void Progress::set_aside(const CallSetAside& event) {
    terminal_.line(fmt::format("  {}  {} {}", calls_[event.call].who,
                               terminal_.paint(Colour::dim, fmt::format("{:<8}", "dropped")),
                               terminal_.paint(Colour::dim, "the panel is decided")));
    calls_.erase(event.call);
}

void Progress::decided(const PanelDecided& event) {
    const Judgement& judgement = event.judgement;
    const std::string verdict =
        terminal_.paint(colour_of(judgement.verdict), fmt::format("{:<8}", name(judgement.verdict)));
    const std::string round = event.round > 1 ? fmt::format("round {}", event.round) : "";
    terminal_.line(fmt::format("  {:<10} {:<10} {:<8}  {} {}", event.step, "panel", round, verdict,
                               terminal_.paint(Colour::dim, event.reason + "; " + judgement.reason)));
}

void Progress::given_up(const CallGivenUp& event, RunTime at) {
    const Call& call = calls_[event.call];
    terminal_.line(fmt::format("  {}  {} {:>12} {:>6.2f} s  {}", call.who,
                               terminal_.paint(Colour::red, fmt::format("{:<8}", "failed")), "",
                               seconds(at - call.began), event.reason));
    calls_.erase(event.call);
}

void Progress::finished(const StepFinished& event) {
    if (event.status == Status::accepted) return;
    terminal_.line(fmt::format("  {:<10} {}: {}", event.step, name(event.status), event.reason));
}

}  // namespace enough::cli
