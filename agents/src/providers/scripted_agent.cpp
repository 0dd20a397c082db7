#include "providers/scripted_agent.hpp"

#include "failure_kind.hpp"

#include <fmt/format.h>
#include <re2/re2.h>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <stdexcept>
#include <utility>

namespace enough {

namespace {

constexpr double least_logprob = -99;  // candidates below -100 would be dropped as sentinels

double entropy_bits(double tail_logprob, int k) {
    const double tail = std::exp(tail_logprob);
    const double rest = (k - 1) * tail;
    return -((1 - rest) * std::log1p(-rest) + rest * tail_logprob) / std::log(2.0);
}

// Words, each with the white space before it; the pieces make up the text.
std::vector<std::string_view> words(std::string_view text) {
    constexpr std::string_view space = " \t\r\n";
    std::vector<std::string_view> out;
    while (!text.empty()) {
        const auto begin = text.find_first_not_of(space);
        const auto end = begin == std::string_view::npos ? begin : text.find_first_of(space, begin);
        const bool last = end == std::string_view::npos || text.find_first_not_of(space, end) == std::string_view::npos;
        out.push_back(last ? text : text.substr(0, end));
        text.remove_prefix(out.back().size());
    }
    return out;
}

// The text as exactly `count` tokens: words joined evenly where there are too many, empty tokens where too few.
std::vector<std::string> pieces(std::string_view text, std::size_t count) {
    const auto all = words(text);
    std::vector<std::string> out(count);
    for (std::size_t i = 0; i < all.size() && count > 0; ++i) {
        const auto place = all.size() <= count ? i : i * count / all.size();
        out[place] += all[i];
    }
    return out;
}

FinishReason finish_reason(const ScriptedAnswer& answer) {
    if (answer.finish_reason == "stop") return FinishReason::stop;
    if (answer.finish_reason == "length") return FinishReason::length;
    if (answer.finish_reason == "filter") return FinishReason::filter;
    throw std::invalid_argument("finish_reason '" + answer.finish_reason + "' is none of stop, length, filter");
}

void check(const ScriptedAnswer& answer) {
    finish_reason(answer);
    if (answer.error && !failure_kind(*answer.error)) {
        throw std::invalid_argument("error '" + *answer.error + "' is no kind of failure");
    }
    const auto odd = [](double bits) { return !(bits >= 0) || !std::isfinite(bits); };
    if (std::any_of(answer.entropy.begin(), answer.entropy.end(), odd)) {
        throw std::invalid_argument("an entropy must be a number of bits, zero or more");
    }
    if (answer.tokens.value_or(0) < 0 || answer.input_tokens.value_or(0) < 0 || answer.delay.count() < 0) {
        throw std::invalid_argument("tokens, input_tokens and delay must not be negative");
    }
}

struct Entry {
    ScriptedAnswer answer;
    std::unique_ptr<RE2> when;
    bool used = false;
};

Entry make_entry(ScriptedAnswer answer) {
    check(answer);
    Entry entry;
    if (answer.when) {
        entry.when = std::make_unique<RE2>(*answer.when, RE2::Quiet);
        if (!entry.when->ok()) {
            throw std::invalid_argument("when '" + *answer.when + "' is no RE2 expression: " + entry.when->error());
        }
    }
    entry.answer = std::move(answer);
    return entry;
}

std::string last_user_message(const Request& request) {
    for (auto it = request.messages.rbegin(); it != request.messages.rend(); ++it) {
        if (it->role == Role::user) return it->content;
    }
    return {};
}

std::int64_t prompt_words(const Request& request) {
    std::size_t count = 0;
    for (const auto& message : request.messages)
        count += words(message.content).size();
    return static_cast<std::int64_t>(count);
}

std::vector<Token> make_tokens(const ScriptedAnswer& answer) {
    const auto reasoning_words = words(answer.reasoning).size();
    const auto text_words = words(answer.text).size();
    const auto all_words = reasoning_words + text_words;
    const auto by_default = answer.entropy.size() > 1 ? answer.entropy.size() : all_words;
    const auto count = answer.tokens ? static_cast<std::size_t>(*answer.tokens) : by_default;
    auto reasoning = all_words == 0 ? 0 : count * reasoning_words / all_words;
    if (reasoning_words > 0 && reasoning == 0 && count > 1) reasoning = 1;
    std::vector<Token> tokens;
    for (auto& bytes : pieces(answer.reasoning, reasoning)) {
        tokens.emplace_back().bytes = std::move(bytes);
        tokens.back().phase = Phase::reasoning;
    }
    for (auto& bytes : pieces(answer.text, count - reasoning))
        tokens.emplace_back().bytes = std::move(bytes);
    return tokens;
}

class ScriptedAgent final : public Agent {
public:
    explicit ScriptedAgent(ScriptedSettings settings) {
        for (auto& answer : settings.answers)
            entries_.push_back(make_entry(std::move(answer)));
    }

    Task<Result<Answer>> ask(Request request) override;

private:
    const ScriptedAnswer* pick(const Request& request);
    static Result<Answer> play(const ScriptedAnswer& scripted, const Request& request);

    std::mutex mutex_;  // calls may come from several threads
    std::vector<Entry> entries_;
};

const ScriptedAnswer* ScriptedAgent::pick(const Request& request) {
    const auto message = last_user_message(request);
    const std::lock_guard lock(mutex_);
    for (auto& entry : entries_) {
        if (entry.used || (entry.when && !RE2::PartialMatch(message, *entry.when))) continue;
        entry.used = !entry.answer.repeat;
        return &entry.answer;
    }
    return nullptr;
}

Task<Result<Answer>> ScriptedAgent::ask(Request request) {
    const auto start = Deadline::Clock::now();
    const auto* scripted = pick(request);
    if (scripted == nullptr) {
        co_return make_failure(
            FailureKind::script_ended,
            fmt::format("none of the {} scripted answers is left that fits the last user message; add "
                        "one, or mark one with repeat: true",
                        entries_.size()));
    }
    const auto wake = earlier(Deadline::after(scripted->delay), request.deadline);
    if (scripted->delay.count() > 0) {
        asio::steady_timer timer(co_await asio::this_coro::executor, wake.at());
        co_await timer.async_wait(asio::use_awaitable);
    }
    if (request.deadline.expired()) {
        auto failure = make_failure(FailureKind::timeout, "the run's deadline passed before the scripted answer came");
        failure.retryable = false;
        co_return failure;
    }
    if (scripted->error) {
        co_return make_failure(*failure_kind(*scripted->error), "the script says that this call fails");
    }
    auto answer = play(*scripted, request);
    if (answer) {
        answer->latency = Deadline::Clock::now() - start;
        answer->first_token = answer->latency;
    }
    co_return answer;
}

// Hands out a script's tokens one by one and notes what of the answer has been given so far.
class Playback {
public:
    Playback(const ScriptedAnswer& scripted, const Request& request) : scripted_(scripted), request_(request) {}

    Result<Answer> play() {
        const auto tokens = make_tokens(scripted_);
        const auto bound = static_cast<std::size_t>(request_.sampling.max_tokens.value_or(INT64_MAX));
        answer_.finish_reason = finish_reason(scripted_);
        if (tokens.empty()) show_all();
        for (std::size_t i = 0; i < tokens.size(); ++i) {
            if (i == bound) {
                answer_.finish_reason = FinishReason::length;
                break;
            }
            auto token = tokens[i];
            if (!add_evidence(token, i)) return impossible(i);
            if (give(token) == Flow::stop) {
                answer_.finish_reason = FinishReason::stopped_early;
                break;
            }
        }
        return finish();
    }

private:
    double bits(std::size_t position) const {
        return scripted_.entropy[std::min(position, scripted_.entropy.size() - 1)];
    }

    bool add_evidence(Token& token, std::size_t position) const {
        if (scripted_.entropy.empty() || request_.top_logprobs <= 0) return true;
        auto candidates = scripted_candidates(token.bytes, bits(position), request_.top_logprobs, position);
        if (!candidates) return false;
        token.candidates = std::move(*candidates);
        token.logprob = token.candidates.front().logprob;
        return true;
    }

    Flow give(const Token& token) {
        ++answer_.usage.output_tokens;
        if (token.phase == Phase::reasoning) ++answer_.usage.reasoning_tokens;
        show(token.phase, token.bytes);
        return request_.sink == nullptr ? Flow::go_on : request_.sink->on_token(token);
    }

    void show(Phase phase, std::string_view text) {
        (phase == Phase::answer ? answer_.text : answer_.reasoning) += text;
        if (request_.sink != nullptr && !text.empty()) request_.sink->on_text(phase, text);
    }

    // A script may say that an answer has no tokens; its text is given all the same.
    void show_all() {
        show(Phase::reasoning, scripted_.reasoning);
        show(Phase::answer, scripted_.text);
    }

    Failure impossible(std::size_t position) const {
        return make_failure(
            FailureKind::bad_request,
            fmt::format("the script wants an entropy of {} bits, but {} candidates have at most {:.4f}; "
                        "lower the script's entropy or raise the gate's top_k",
                        bits(position), request_.top_logprobs, std::log2(request_.top_logprobs)));
    }

    Answer finish() {
        answer_.model = "scripted";
        answer_.usage.input_tokens = scripted_.input_tokens.value_or(prompt_words(request_));
        answer_.usage.estimated = answer_.finish_reason == FinishReason::stopped_early;
        if (!answer_.usage.estimated) answer_.reported_output_tokens = answer_.usage.output_tokens;
        return std::move(answer_);
    }

    const ScriptedAnswer& scripted_;
    const Request& request_;
    Answer answer_;
};

Result<Answer> ScriptedAgent::play(const ScriptedAnswer& scripted, const Request& request) {
    return Playback(scripted, request).play();
}

}  // namespace

std::optional<std::vector<Candidate>> scripted_candidates(std::string_view head, double bits, int k,
                                                          std::size_t position) {
    std::vector<Candidate> out(1);
    out.front().bytes = head;
    if (k < 2) return out;  // a list of one says nothing about entropy, whatever the script wants
    const double most = -std::log(static_cast<double>(k));
    const double limit = std::log2(static_cast<double>(k));
    if (bits > limit + 1e-9) return std::nullopt;
    double low = least_logprob;
    double high = most;
    for (int i = 0; i < 200 && high - low > 1e-15; ++i) {
        const double middle = (low + high) / 2;
        (entropy_bits(middle, k) < bits ? low : high) = middle;
    }
    const double tail = bits >= limit ? most : bits <= 0 ? least_logprob : (low + high) / 2;
    out.front().logprob = tail == most ? most : std::log1p(-(k - 1) * std::exp(tail));
    for (int i = 1; i < k; ++i)
        out.push_back({fmt::format("\xC2\xB7{}.{}", position, i), tail});
    return out;
}

std::unique_ptr<Agent> make_scripted_agent(ScriptedSettings settings) {
    return std::make_unique<ScriptedAgent>(std::move(settings));
}

}  // namespace enough
