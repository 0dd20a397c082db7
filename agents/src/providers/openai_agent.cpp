#include "providers/openai_agent.hpp"

#include "failure_kind.hpp"
#include "providers/input_counts.hpp"
#include "providers/openai_failure.hpp"
#include "providers/openai_request.hpp"
#include "providers/openai_stream.hpp"
#include "redaction.hpp"

#include <enough/net/http_client.hpp>
#include <enough/net/sse_parser.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace enough {

namespace {

using Clock = Deadline::Clock;
using ExchangePtr = std::unique_ptr<HttpExchange>;
using std::chrono::milliseconds;

constexpr int max_lessons = 3;  // in one call: one for each thing a dialect holds
constexpr std::size_t max_refusal_bytes = 64 * 1024;
constexpr std::size_t max_document_bytes = 64 * 1024 * 1024;
constexpr std::size_t max_event_bytes = 4 * 1024 * 1024;
constexpr std::size_t max_drain_bytes = 64 * 1024;
constexpr milliseconds refusal_patience{5'000};
constexpr milliseconds usage_patience{5'000};  // the answer is complete, only its usage is still to come
constexpr milliseconds drain_patience{250};

/// A deadline that knows which setting it comes from.
struct Bound {
    Deadline deadline;
    std::string_view name;
    milliseconds length{};
};

Bound after(Clock::time_point start, milliseconds length, std::string_view name) {
    return {earlier(Deadline::never(), Deadline(start + length)), name, length};
}

Bound earlier(const Bound& a, const Bound& b) {
    return b.deadline.at() < a.deadline.at() ? b : a;
}

/// What one attempt is bound by and has seen so far.
struct Attempt {
    Bound whole;
    Clock::time_point sent;
    std::optional<Clock::time_point> first_token;
    std::int64_t input_estimate = 0;
};

/// Kinds of body that a 2xx response may have, told by the first character: header fields are often wrong.
enum class Body { stream, document, page };

std::optional<Body> body_kind(std::string_view content_type, std::string_view begin) {
    if (is_html(content_type, begin)) return Body::page;
    const auto start = begin.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
    if (start == std::string_view::npos) return std::nullopt;
    return begin[start] == '{' ? Body::document : Body::stream;
}

/// What a piece of a stream came to.
struct Digest {
    OpenAiStream::Progress progress = OpenAiStream::Progress::none;  // of its last event
    bool advanced = false;                                           // in any event
    std::optional<Failure> failure;
};

Digest digest_piece(SseParser& parser, OpenAiStream& stream, std::string_view piece) {
    using Progress = OpenAiStream::Progress;
    Digest digest;
    const auto events = parser.feed(piece);
    if (!events) digest.failure = events.error();
    for (std::size_t i = 0; events && i < events->size() && digest.progress < Progress::stopped; ++i) {
        const auto progress = stream.event((*events)[i].data);
        if (!progress) {
            digest.failure = progress.error();
            break;
        }
        digest.progress = *progress;
        digest.advanced = digest.advanced || *progress == Progress::advanced || *progress == Progress::stopped;
    }
    return digest;
}

ServerText make_server_text(const OpenAiSettings& settings) {
    return ServerText(secrets_of(settings));
}

HttpClientSettings make_client_settings(const OpenAiSettings& settings) {
    HttpClientSettings out;
    out.ca_file = settings.connection.ca_file;
    return out;
}

OpenAiDialect make_dialect(const OpenAiSettings& settings) {
    OpenAiDialect dialect;
    if (!settings.max_tokens_field.empty()) dialect.max_tokens_field = settings.max_tokens_field;
    dialect.gives_logprobs = settings.logprobs;
    return dialect;
}

class OpenAiAgent final : public Agent {
public:
    OpenAiAgent(OpenAiSettings settings, asio::any_io_executor executor)
        : settings_(std::move(settings)),
          endpoint_(openai_endpoint(settings_.base_url.empty() ? "https://api.openai.com/v1" : settings_.base_url)),
          headers_(openai_headers(settings_)),
          server_text_(make_server_text(settings_)),
          dialect_(make_dialect(settings_)),
          client_(std::move(executor), make_client_settings(settings_)) {
        openai_body({}, settings_, dialect_);  // an extra_body that is none is found out now
    }

    Task<Result<Answer>> ask(Request request) override;

private:
    HttpRequest make_request(const Request& request, const OpenAiDialect& dialect) const;
    Bound whole_bound(const Request& request, Clock::time_point start) const;
    Bound first_token_bound(const Attempt& attempt) const;
    void learn(const OpenAiDialect& used, const OpenAiDialect& learned);

    Task<Result<Answer>> read_answer(ExchangePtr exchange, const Request& request, Attempt& attempt);
    Task<Result<Answer>> read_document(ExchangePtr exchange, std::string body, const Request& request,
                                       Attempt& attempt);
    Task<Result<Answer>> read_stream(ExchangePtr exchange, std::string piece, const Request& request, Attempt& attempt);
    Task<Result<Answer>> conclude(ExchangePtr exchange, OpenAiStream& stream, Digest last, Attempt& attempt);
    Task<void> drain(HttpExchange& exchange, Deadline deadline);
    Task<OpenAiRefusal> read_refusal(HttpExchange& exchange, std::string begin, Deadline deadline);

    Failure located(Failure failure) const;
    Failure timed_out(const Bound& bound) const;
    Failure reading_failed(Failure failure, const Bound& bound) const;
    Failure refused(const HttpExchange& exchange, const OpenAiRefusal& refusal) const;

    OpenAiSettings settings_;
    OpenAiEndpoint endpoint_;
    HttpHeaders headers_;
    ServerText server_text_;
    OpenAiDialect dialect_;
    InputCounts input_counts_;
    HttpClient client_;
};

Task<Result<Answer>> OpenAiAgent::ask(Request request) {
    const auto start = Clock::now();
    Attempt attempt;
    attempt.whole = whole_bound(request, start);
    attempt.input_estimate = input_counts_.estimate(request);
    for (int lessons = 0;; ++lessons) {
        const auto dialect = dialect_;
        attempt.sent = Clock::now();
        const auto bound = earlier(attempt.whole, first_token_bound(attempt));
        if (request.sink != nullptr) request.sink->on_sent();
        auto sent = co_await client_.send(make_request(request, dialect), settings_.timeouts.connect, bound.deadline);
        if (!sent) co_return reading_failed(std::move(sent).error(), bound);
        auto exchange = std::move(*sent);
        if (exchange->status() >= 200 && exchange->status() < 300) {
            auto answer = co_await read_answer(std::move(exchange), request, attempt);
            if (!answer) co_return answer;
            answer->latency = Clock::now() - start;
            answer->logprobs_refused = request.top_logprobs > 0 && !dialect.gives_logprobs;
            if (answer->model.empty()) answer->model = settings_.model;
            if (!answer->usage.estimated) input_counts_.learn(request, answer->usage.input_tokens);
            co_return answer;
        }
        const auto patience = earlier(attempt.whole.deadline, Deadline::after(refusal_patience));
        const auto refusal = co_await read_refusal(*exchange, std::string(), patience);
        const auto learned = openai_learn(refusal, request, dialect);
        if (!learned || lessons == max_lessons) co_return refused(*exchange, refusal);
        learn(dialect, *learned);
    }
}

HttpRequest OpenAiAgent::make_request(const Request& request, const OpenAiDialect& dialect) const {
    HttpRequest out;
    out.url = endpoint_.url;
    out.headers = headers_;
    out.body = openai_body(request, settings_, dialect);
    return out;
}

Bound OpenAiAgent::whole_bound(const Request& request, Clock::time_point start) const {
    const auto total = after(start, settings_.timeouts.total, "total");
    return earlier(Bound{request.deadline, "deadline", {}}, total);
}

Bound OpenAiAgent::first_token_bound(const Attempt& attempt) const {
    return after(attempt.sent, settings_.timeouts.first_token, "first_token");
}

// Other calls may have learned something else meanwhile: only what changed is taken over.
void OpenAiAgent::learn(const OpenAiDialect& used, const OpenAiDialect& learned) {
    if (learned.gives_logprobs != used.gives_logprobs) dialect_.gives_logprobs = learned.gives_logprobs;
    if (learned.max_top_logprobs != used.max_top_logprobs) dialect_.max_top_logprobs = learned.max_top_logprobs;
    if (learned.max_tokens_field != used.max_tokens_field) dialect_.max_tokens_field = learned.max_tokens_field;
}

Task<Result<Answer>> OpenAiAgent::read_answer(ExchangePtr exchange, const Request& request, Attempt& attempt) {
    const auto content_type = exchange->header("content-type").value_or("");
    const auto bound = earlier(attempt.whole, first_token_bound(attempt));
    std::string begin;
    std::optional<Body> kind = body_kind(content_type, begin);
    while (!kind) {
        auto piece = co_await exchange->read_some(bound.deadline);
        if (!piece) {
            auto failure = reading_failed(std::move(piece).error(), bound);
            failure.spent.input_tokens = attempt.input_estimate;
            failure.spent.estimated = true;
            co_return failure;
        }
        if (piece->empty() || begin.size() > max_drain_bytes) break;
        begin += *piece;
        kind = body_kind(content_type, begin);
    }
    switch (kind.value_or(Body::stream)) {
        case Body::document:
            co_return co_await read_document(std::move(exchange), std::move(begin), request, attempt);
        case Body::stream:
            co_return co_await read_stream(std::move(exchange), std::move(begin), request, attempt);
        case Body::page:
            break;
    }
    const auto refusal = co_await read_refusal(*exchange, std::move(begin), bound.deadline);
    co_return refused(*exchange, refusal);
}

Task<Result<Answer>> OpenAiAgent::read_document(ExchangePtr exchange, std::string body, const Request& request,
                                                Attempt& attempt) {
    for (;;) {
        auto piece = co_await exchange->read_some(attempt.whole.deadline);
        if (!piece) co_return reading_failed(std::move(piece).error(), attempt.whole);
        if (piece->empty()) break;
        body += *piece;
        if (body.size() > max_document_bytes) {
            co_return located(make_failure(FailureKind::bad_response, "the answer is larger than 64 MiB"));
        }
    }
    exchange.reset();
    OpenAiStream stream(request.sink, OpenAiStreamLimits(), server_text_);
    const auto progress = stream.document(body);
    if (!progress) co_return located(progress.error());
    attempt.first_token = Clock::now();
    auto answer = *progress == OpenAiStream::Progress::stopped
                      ? Result<Answer>(stream.stopped_early(attempt.input_estimate))
                      : stream.finish(attempt.input_estimate);
    if (!answer) co_return located(std::move(answer).error());
    answer->first_token = *attempt.first_token - attempt.sent;
    co_return answer;
}

Task<Result<Answer>> OpenAiAgent::read_stream(ExchangePtr exchange, std::string piece, const Request& request,
                                              Attempt& attempt) {
    OpenAiStream stream(request.sink, OpenAiStreamLimits(), server_text_);
    SseParser parser(max_event_bytes);
    auto quiet = first_token_bound(attempt);
    Digest digest;
    while (!piece.empty()) {
        const bool was_complete = stream.complete();
        digest = digest_piece(parser, stream, piece);
        const auto time = Clock::now();
        if (digest.advanced && !attempt.first_token) attempt.first_token = time;
        if (digest.progress >= OpenAiStream::Progress::stopped || digest.failure) break;
        if (digest.advanced) quiet = after(time, settings_.timeouts.idle, "idle");
        if (stream.complete() && !was_complete) {
            quiet = after(time, std::min(usage_patience, settings_.timeouts.idle), "idle");
        }
        const auto bound = earlier(attempt.whole, quiet);
        auto next = co_await exchange->read_some(bound.deadline);
        piece = next ? std::move(*next) : std::string();
        if (!next && !stream.complete()) digest.failure = reading_failed(std::move(next).error(), bound);
    }
    co_return co_await conclude(std::move(exchange), stream, std::move(digest), attempt);
}

Task<Result<Answer>> OpenAiAgent::conclude(ExchangePtr exchange, OpenAiStream& stream, Digest last, Attempt& attempt) {
    if (last.failure) {
        last.failure->spent = stream.spent(attempt.input_estimate);
        co_return located(std::move(*last.failure));
    }
    const bool stopped = last.progress == OpenAiStream::Progress::stopped;
    if (last.progress == OpenAiStream::Progress::done) co_await drain(*exchange, attempt.whole.deadline);
    exchange.reset();  // after a stop this closes the connection, which ends the server's work
    auto answer =
        stopped ? Result<Answer>(stream.stopped_early(attempt.input_estimate)) : stream.finish(attempt.input_estimate);
    if (!answer) co_return located(std::move(answer).error());
    if (attempt.first_token) answer->first_token = *attempt.first_token - attempt.sent;
    co_return answer;
}

// Reads what little stands between `[DONE]` and the message's end, so that the connection can be used again.
Task<void> OpenAiAgent::drain(HttpExchange& exchange, Deadline deadline) {
    const auto patience = earlier(deadline, Deadline::after(drain_patience));
    for (std::size_t bytes = 0; bytes < max_drain_bytes;) {
        const auto piece = co_await exchange.read_some(patience);
        if (!piece || piece->empty()) co_return;
        bytes += piece->size();
    }
}

Task<OpenAiRefusal> OpenAiAgent::read_refusal(HttpExchange& exchange, std::string begin, Deadline deadline) {
    OpenAiRefusal refusal;
    refusal.status = exchange.status();
    refusal.content_type = exchange.header("content-type").value_or("");
    refusal.location = exchange.header("location").value_or("");
    refusal.body = std::move(begin);
    while (refusal.body.size() < max_refusal_bytes) {
        const auto piece = co_await exchange.read_some(deadline);
        if (!piece || piece->empty()) break;  // the status alone says enough
        refusal.body += *piece;
    }
    co_return refusal;
}

Failure OpenAiAgent::located(Failure failure) const {
    if (failure.message.find(endpoint_.origin) == std::string::npos) {
        failure.message = endpoint_.origin + ": " + failure.message;
    }
    return failure;
}

Failure OpenAiAgent::timed_out(const Bound& bound) const {
    if (bound.name == "deadline") {
        auto failure = make_failure(FailureKind::timeout, endpoint_.origin + ": the run's deadline passed");
        failure.retryable = false;
        return failure;
    }
    return make_failure(FailureKind::timeout,
                        fmt::format("{}: the {} timeout of {} ms passed; raise timeout.{} if the "
                                    "model is just slow",
                                    endpoint_.origin, bound.name, bound.length.count(), bound.name));
}

Failure OpenAiAgent::reading_failed(Failure failure, const Bound& bound) const {
    const bool ours = failure.kind == FailureKind::timeout && bound.deadline.expired();
    return ours ? timed_out(bound) : located(std::move(failure));
}

Failure OpenAiAgent::refused(const HttpExchange& exchange, const OpenAiRefusal& refusal) const {
    auto failure = openai_http_failure(refusal, endpoint_.origin, server_text_);
    failure.retry_after = openai_retry_after(exchange.header("retry-after-ms"), exchange.header("retry-after"),
                                             std::chrono::system_clock::now());
    return failure;
}

}  // namespace

std::unique_ptr<Agent> make_openai_agent(OpenAiSettings settings, asio::any_io_executor executor) {
    return std::make_unique<OpenAiAgent>(std::move(settings), std::move(executor));
}

}  // namespace enough
