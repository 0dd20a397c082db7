#include "providers/llama_job.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace enough::llama {

void Bell::ring() {
    {
        const std::lock_guard lock(mutex_);
        ringing_ = true;
    }
    rung_.notify_one();
}

void Bell::wait() {
    std::unique_lock lock(mutex_);
    rung_.wait(lock, [this] { return ringing_; });
    ringing_ = false;
}

Job::Job(Request request, std::shared_ptr<Bell> bell)
    : messages(std::move(request.messages)),
      sampling(std::move(request.sampling)),
      top_logprobs(request.top_logprobs),
      watched(request.sink != nullptr),
      bell_(std::move(bell)) {}

bool Job::has_room() const {
    if (!watched) return true;
    const std::lock_guard lock(mutex_);
    return ready_.size() < window;
}

void Job::put(Progress progress) {
    const std::lock_guard lock(mutex_);
    ready_.push_back(std::move(progress));
    wake_reader();
}

void Job::finish(Result<Answer> outcome) {
    const std::lock_guard lock(mutex_);
    outcome_ = std::move(outcome);
    wake_reader();
}

void Job::wake_reader() {
    if (reader_ != nullptr) reader_->cancel();
}

Waiter::Waiter(std::shared_ptr<Job> job, const asio::any_io_executor& executor, Deadline deadline)
    : job_(std::move(job)), timer_(executor), deadline_(deadline) {
    const std::lock_guard lock(job_->mutex_);
    job_->reader_ = &timer_;
}

Waiter::~Waiter() {
    {
        const std::lock_guard lock(job_->mutex_);
        job_->reader_ = nullptr;
    }
    job_->given_up_ = true;
    job_->bell_->ring();
}

Waiter::News Waiter::take() {
    News news;
    {
        const std::lock_guard lock(job_->mutex_);
        news.progress.swap(job_->ready_);
        news.outcome = std::exchange(job_->outcome_, std::nullopt);
    }
    if (!news.progress.empty()) job_->bell_->ring();
    return news;
}

// Begins the wait under the job's lock, where no news can slip in between looking and waiting.
struct Waiter::Start {
    Waiter* waiter;

    template <class Handler>
    void operator()(Handler&& handler) const {
        const auto job = waiter->job_;  // the handler may run, and end the waiter, before the lock is let go
        const std::lock_guard lock(job->mutex_);
        const bool news = !job->ready_.empty() || job->outcome_.has_value();
        waiter->timer_.expires_at(news ? Deadline::Clock::time_point::min() : waiter->deadline_.at());
        waiter->timer_.async_wait(std::forward<Handler>(handler));
    }
};

Task<void> Waiter::wait() {
    using Token = asio::as_tuple_t<asio::use_awaitable_t<>>;
    Token token;
    Start start{this};
    auto begun = asio::async_initiate<Token, void(boost::system::error_code)>(start, token);
    co_await std::move(begun);
}

}  // namespace enough::llama
