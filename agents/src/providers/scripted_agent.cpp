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
    if (answer.finish_reason == "stop")
        return answer.tool_calls.empty() ? FinishReason::stop : FinishReason::tool_calls;
    if (answer.finish_reason == "length") return FinishReason::length;
    if (answer.finish_reason == "filter") return FinishReason::filter;
    if (answer.finish_reason == "tool_calls" && !answer.tool_calls.empty()) return FinishReason::tool_calls;
    throw std::invalid_argument("finish_reason '" + answer.finish_reason +
                                "' is none of stop, length, filter, or tool_calls beside such");
}

// With an id for each: the results refer to it.
std::vector<ToolCall> tool_calls(const ScriptedAnswer& answer) {
    auto calls = answer.tool_calls;
    for (std::size_t i = 0; i < calls.size(); ++i) {
        if (calls[i].id.empty()) calls[i].id = fmt::format("call_{}", i + 1);
        if (calls[i].arguments.empty()) calls[i].arguments = "{}";
    }
    return calls;
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
    const auto unnamed = [](const ToolCall& call) { return call.name.empty(); };
    if (std::any_of(answer.tool_calls.begin(), answer.tool_calls.end(), unnamed)) {
        throw std::invalid_argument("a tool call must name its tool");
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

// What `when` is searched in: the results of tools that end the conversation, and the last user message.
std::vector<std::string_view> latest_messages(const Request& request) {
    std::vector<std::string_view> out;
    auto it = request.messages.rbegin();
    for (; it != request.messages.rend() && it->role == Role::tool; ++it)
        out.emplace_back(it->content);
    it = std::find_if(it, request.messages.rend(), [](const Message& message) { return message.role == Role::user; });
    out.emplace_back(it == request.messages.rend() ? std::string_view() : it->content);
    return out;
}

bool fits(const RE2& when, const std::vector<std::string_view>& messages) {
    return std::any_of(messages.begin(), messages.end(), [&](std::string_view message) {
        return RE2::PartialMatch(re2::StringPiece(message.data(), message.size()), when);
    });
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
        logprobs_ = settings.logprobs;
    }

    Task<Result<Answer>> ask(Request request) override;

private:
    const ScriptedAnswer* pick(const Request& request);
    static Result<Answer> play(const ScriptedAnswer& scripted, const Request& request);

    std::mutex mutex_;  // calls may come from several threads
    std::vector<Entry> entries_;
    bool logprobs_ = true;
};

const ScriptedAnswer* ScriptedAgent::pick(const Request& request) {
    const auto messages = latest_messages(request);
    const std::lock_guard lock(mutex_);
    for (auto& entry : entries_) {
        if (entry.used || (entry.when && !fits(*entry.when, messages))) continue;
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
    if (request.sink != nullptr) request.sink->on_sent();
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
    const bool refused = request.top_logprobs > 0 && !logprobs_;
    if (refused) request.top_logprobs = 0;
    auto answer = play(*scripted, request);
    if (answer) {
        answer->logprobs_refused = refused;
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

    void call_tools() {
        answer_.tool_calls = tool_calls(scripted_);
        if (request_.sink != nullptr) request_.sink->on_progress();
    }

    Failure impossible(std::size_t position) const {
        return make_failure(
            FailureKind::bad_request,
            fmt::format("the script wants an entropy of {} bits, but {} candidates have at most {:.4f}; "
                        "lower the script's entropy or raise the gate's top_k",
                        bits(position), request_.top_logprobs, std::log2(request_.top_logprobs)));
    }

    Answer finish() {
        if (answer_.finish_reason == FinishReason::tool_calls) call_tools();
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
