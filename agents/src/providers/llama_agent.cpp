#include "providers/llama_agent.hpp"

#include "async/cancellation.hpp"
#include "failure_kind.hpp"
#include "providers/llama_engine.hpp"
#include "providers/llama_job.hpp"

#include <boost/asio/this_coro.hpp>

#include <utility>

namespace enough {

namespace {

// One call as its sink sees it, and what is known of its answer in case it ends early.
class Reader {
public:
    explicit Reader(const Request& request)
        : sink_(request.sink), evidence_(request.top_logprobs > 0), deadline_(request.deadline) {}

    Flow show(const llama::Progress& progress) {
        if (!seen_.first_token && !progress.tokens.empty()) seen_.first_token = llama::Job::Clock::now() - asked_;
        seen_.usage = progress.usage;
        seen_.reasoning += progress.reasoning;
        seen_.text += progress.text;
        auto flow = Flow::go_on;
        for (const auto& token : progress.tokens) {
            if (evidence_ && flow == Flow::go_on) flow = sink_->on_token(token);
        }
        if (!progress.reasoning.empty()) sink_->on_text(Phase::reasoning, progress.reasoning);
        if (!progress.text.empty()) sink_->on_text(Phase::answer, progress.text);
        return flow;
    }

    Answer cut_short() {
        seen_.finish_reason = FinishReason::stopped_early;
        seen_.reported_output_tokens = seen_.usage.output_tokens;
        seen_.latency = llama::Job::Clock::now() - asked_;
        return std::move(seen_);
    }

    bool late() const { return deadline_.expired(); }

    Failure timeout() const {
        auto failure = make_failure(FailureKind::timeout,
                                    "the model in this process did not answer before the deadline; "
                                    "allow more time or ask for fewer tokens");
        failure.retryable = false;  // the deadline is above all attempts
        failure.spent = seen_.usage;
        return failure;
    }

private:
    AnswerSink* sink_;
    bool evidence_;
    Deadline deadline_;
    llama::Job::Clock::time_point asked_ = llama::Job::Clock::now();
    Answer seen_;
};

Failure no_tools() {
    return make_failure(FailureKind::bad_request,
                        "provider llama can call no tools; serve the model with llama.cpp's server (--jinja) and use "
                        "provider: openai for agents with tools");
}

class LlamaAgent : public Agent {
public:
    explicit LlamaAgent(const LlamaSettings& settings) : engine_(settings) {}

    Task<Result<Answer>> ask(Request request) override {
        if (!request.tools.empty()) co_return no_tools();
        const auto executor = co_await asio::this_coro::executor;
        Reader reader(request);
        if (reader.late()) co_return reader.timeout();
        const auto deadline = request.deadline;
        llama::Waiter waiter(engine_.submit(std::move(request)), executor, deadline);
        for (;;) {
            auto news = waiter.take();
            for (const auto& progress : news.progress) {
                if (reader.show(progress) == Flow::stop) co_return reader.cut_short();
            }
            if (news.outcome) co_return std::move(*news.outcome);
            if (reader.late()) co_return reader.timeout();
            co_await waiter.wait();
            const auto state = co_await asio::this_coro::cancellation_state;
            if (state.cancelled() != asio::cancellation_type::none) throw_cancelled();
        }
    }

private:
    llama::Engine engine_;
};

}  // namespace

std::unique_ptr<Agent> make_llama_agent(const LlamaSettings& settings, asio::any_io_executor) {
    return std::make_unique<LlamaAgent>(settings);
}

}  // namespace enough
