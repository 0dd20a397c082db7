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

}  // namespace

void Progress::on(const Event& event) {
    if (const auto* requested_event = std::get_if<CallRequested>(&event.body)) requested(*requested_event, event.at);
    if (const auto* answered_event = std::get_if<CallAnswered>(&event.body)) answered(*answered_event);
    if (const auto* judged_event = std::get_if<CallJudged>(&event.body)) judged(*judged_event, event.at);
    if (const auto* given_up_event = std::get_if<CallGivenUp>(&event.body)) given_up(*given_up_event, event.at);
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
    call.who = fmt::format("{:<10} {:<10} step {}/{}", event.step, event.agent, event.chain_step, event.chain_length);
    call.began = at;
    terminal_.rewrite(fmt::format("  {}  asking {}", call.who, event.model));
}

void Progress::answered(const CallAnswered& event) {
    calls_[event.call].tokens = event.answer.usage.output_tokens;
}

void Progress::judged(const CallJudged& event, RunTime at) {
    const Call& call = calls_[event.call];
    const Judgement& judgement = event.judgement;
    const std::string verdict =
        terminal_.paint(colour_of(judgement.verdict), fmt::format("{:<8}", name(judgement.verdict)));
    terminal_.line(fmt::format("  {}  {} {:>5} tokens {:>6.2f} s  {}", call.who, verdict, call.tokens,
                               seconds(at - call.began), terminal_.paint(Colour::dim, judgement.reason)));
    calls_.erase(event.call);
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
