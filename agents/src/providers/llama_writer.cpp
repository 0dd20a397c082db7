#include "providers/llama_writer.hpp"

#include <algorithm>
#include <utility>

namespace enough::llama {

Writer::Writer(std::shared_ptr<Job> job, const Model& model, std::int64_t max_tokens, Placement placement)
    : job_(std::move(job)),
      model_(&model),
      sequence_(placement.target),
      tokens_(std::move(placement.prompt)),
      sampler_(job_->sampling, model.defaults()),
      text_(job_->sampling.stop),
      max_tokens_(std::max<std::int64_t>(job_->sampling.max_tokens.value_or(max_tokens), 1)) {
    answer_.usage.input_tokens = static_cast<std::int64_t>(tokens_.size());
    answer_.usage.cached_input_tokens = static_cast<std::int64_t>(placement.kept);
    answer_.model = model.name();
    answer_.fingerprint = model.fingerprint();
}

bool Writer::advance(std::span<const float> logits) {
    if (!answer_.first_token) answer_.first_token = Job::Clock::now() - job_->asked;
    const auto wanted = std::max(sampler_.wants(), static_cast<std::size_t>(std::max(job_->top_logprobs, 0)));
    const auto ranked = largest(logits, wanted);
    if (ranked.empty()) {
        fail(Failure{
            FailureKind::server_error, "the model " + model_->name() + " gave no usable logits", false, {}, {}});
        return true;
    }
    const auto token = sampler_.draw(ranked);
    if (model_->is_end(token)) {
        finish(FinishReason::stop);
        return true;
    }
    take(token, ranked, logits);
    const auto reason = reached();
    if (reason) finish(*reason);
    return reason.has_value();
}

void Writer::take(llama_token token, std::span<const Scored> ranked, std::span<const float> logits) {
    const auto& bytes = model_->bytes(token);
    tokens_.append(token, bytes);
    ++answer_.usage.output_tokens;
    // Special tokens are evidence, but no text.
    auto text = text_.feed(model_->is_control(token) ? std::string_view() : std::string_view(bytes));
    show(evidence(token, ranked, logits), std::move(text));
}

Token Writer::evidence(llama_token token, std::span<const Scored> ranked, std::span<const float> logits) const {
    Token result;
    result.bytes = model_->bytes(token);
    if (job_->top_logprobs <= 0 || !job_->watched) return result;
    const auto normaliser = log_sum_exp(logits);
    const auto logprob = [&](float logit) { return static_cast<double>(logit) - normaliser; };
    result.logprob = logprob(logits[static_cast<std::size_t>(token)]);
    const auto count = std::min(ranked.size(), static_cast<std::size_t>(job_->top_logprobs));
    result.candidates.reserve(count);
    for (const auto& scored : ranked.first(count)) {
        result.candidates.push_back(Candidate{model_->bytes(scored.token), logprob(scored.logit)});
    }
    return result;
}

void Writer::show(Token token, std::string text) {
    Progress progress;
    const auto phase = think_tokens_.feed(token.bytes);
    undecided_.push_back(std::move(token));
    if (phase) settle(*phase, progress);
    add_text(think_text_.feed(text), progress);
    progress.usage = answer_.usage;
    if (job_->watched) job_->put(std::move(progress));
}

void Writer::settle(Phase phase, Progress& progress) {
    if (phase == Phase::reasoning) answer_.usage.reasoning_tokens += static_cast<std::int64_t>(undecided_.size());
    for (auto& token : undecided_)
        token.phase = phase;
    progress.tokens = std::exchange(undecided_, {});
}

void Writer::add_text(ThinkText::Split split, Progress& progress) {
    answer_.reasoning += split.reasoning;
    answer_.text += split.answer;
    progress.reasoning += split.reasoning;
    progress.text += split.answer;
}

std::optional<FinishReason> Writer::reached() const {
    if (text_.stopped()) return FinishReason::stop;
    if (answer_.usage.output_tokens >= max_tokens_) return FinishReason::length;
    if (tokens_.size() >= model_->limit()) return FinishReason::length;
    return std::nullopt;
}

void Writer::finish(FinishReason reason) {
    Progress last;
    if (!undecided_.empty()) settle(Phase::answer, last);
    add_text(think_text_.feed(text_.finish()), last);
    add_text(think_text_.finish(), last);
    last.usage = answer_.usage;
    if (job_->watched) job_->put(std::move(last));
    answer_.finish_reason = reason;
    answer_.reported_output_tokens = answer_.usage.output_tokens;
    answer_.latency = Job::Clock::now() - job_->asked;
    job_->finish(std::move(answer_));
}

void Writer::fail(Failure failure) {
    failure.spent = answer_.usage;
    job_->finish(std::move(failure));
}

}  // namespace enough::llama
