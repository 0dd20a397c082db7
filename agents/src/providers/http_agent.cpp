#include "providers/http_agent.hpp"

#include "failure_kind.hpp"
#include "providers/call_bound.hpp"
#include "providers/input_counts.hpp"

#include <enough/net/http_client.hpp>

#include <fmt/format.h>
#include <boost/beast/core/string.hpp>

#include <algorithm>
#include <utility>

namespace enough {

namespace {

using Clock = Deadline::Clock;
using ExchangePtr = std::unique_ptr<HttpExchange>;
using Progress = AnswerReader::Progress;
using std::chrono::milliseconds;

constexpr int max_lessons = 3;  // in one call: one for each thing a dialect holds
constexpr std::size_t max_refusal_bytes = 64 * 1024;
constexpr std::size_t max_document_bytes = 64 * 1024 * 1024;
constexpr std::size_t max_event_bytes = 4 * 1024 * 1024;
constexpr std::size_t max_drain_bytes = 64 * 1024;
constexpr milliseconds refusal_patience{5'000};
constexpr milliseconds usage_patience{5'000};  // the answer is complete, only its usage is still to come
constexpr milliseconds drain_patience{250};

/// What one attempt is bound by and has seen so far.
struct Attempt {
    CallBound whole;
    CallBound first;  // until the first token, in an answer that is streamed
    Clock::time_point sent;
    std::optional<Clock::time_point> first_token;
    std::int64_t input_estimate = 0;
    std::string preparation;  // what the server said to the request made first, if there was one
};

/// Kinds of body that a 2xx response may have, told by the first character: header fields are often wrong.
enum class Body { stream, document, page };

std::optional<Body> body_kind(std::string_view content_type, std::string_view begin, Body braced) {
    if (is_html(content_type, begin)) return Body::page;
    const auto start = begin.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
    if (start == std::string_view::npos) return std::nullopt;
    return begin[start] == '{' ? braced : Body::stream;
}

/// What a piece of a stream came to.
struct Digest {
    Progress progress = Progress::none;  // of its last event
    bool advanced = false;               // in any event
    std::optional<Failure> failure;
};

Digest digest_events(const Result<std::vector<SseEvent>>& events, AnswerReader& reader) {
    Digest digest;
    if (!events) digest.failure = events.error();
    for (std::size_t i = 0; events && i < events->size() && digest.progress < Progress::stopped; ++i) {
        const auto progress = reader.event((*events)[i]);
        if (!progress) {
            digest.failure = progress.error();
            break;
        }
        digest.progress = *progress;
        digest.advanced = digest.advanced || *progress == Progress::advanced || *progress == Progress::stopped;
    }
    return digest;
}

HttpClientSettings make_client_settings(const ConnectionSettings& connection) {
    HttpClientSettings out;
    out.connection = connection;
    return out;
}

Dialect first_dialect(const HttpProtocol& protocol, const ServerSettings& settings) {
    auto dialect = protocol.dialect();
    dialect.gives_logprobs = dialect.gives_logprobs && settings.logprobs;
    return dialect;
}

Failure with_input(Failure failure, std::int64_t input_estimate) {
    failure.spent.input_tokens = input_estimate;
    failure.spent.estimated = true;
    return failure;
}

/// Tells the server whose span it works for. Headers that the settings name are theirs.
void add_trace(HttpRequest& message, const Request& request) {
    const auto add = [&](const char* name, const std::string& value) {
        const auto known = [&](const auto& header) { return boost::beast::iequals(header.first, name); };
        if (!value.empty() && std::ranges::none_of(message.headers, known)) message.headers.emplace_back(name, value);
    };
    add("traceparent", request.traceparent);
    add("tracestate", request.tracestate);
}

class HttpAgent final : public Agent {
public:
    HttpAgent(std::unique_ptr<HttpProtocol> protocol, ServerSettings settings, asio::any_io_executor executor)
        : protocol_(std::move(protocol)),
          settings_(std::move(settings)),
          origin_(protocol_->origin()),
          server_text_(settings_),
          dialect_(first_dialect(*protocol_, settings_)),
          client_(std::move(executor), make_client_settings(settings_.connection)) {}

    Task<Result<Answer>> ask(Request request) override;

private:
    CallBound whole_bound(const Request& request, Clock::time_point start) const;

    Task<Result<ExchangePtr>> send(const Request& request, const Dialect& dialect, Attempt& attempt);
    Task<Result<HttpRequest>> prepare(HttpRequest preparation, const Request& request, Attempt& attempt);
    Task<Result<Answer>> read_answer(ExchangePtr exchange, const Request& request, Attempt& attempt);
    Task<Result<Answer>> read_document(ExchangePtr exchange, std::string begin, const Request& request,
                                       Attempt& attempt);
    Task<Result<Answer>> read_stream(ExchangePtr exchange, std::string piece, const Request& request, Attempt& attempt);
    Task<Result<Answer>> conclude(ExchangePtr exchange, AnswerReader& reader, Digest last, Attempt& attempt);
    Task<Result<std::string>> read_body(HttpExchange& exchange, std::string begin, const CallBound& bound);
    Task<void> drain(HttpExchange& exchange, Deadline deadline);
    Task<HttpRefusal> read_refusal(HttpExchange& exchange, std::string begin, Deadline deadline);

    Failure located(Failure failure) const;
    Failure timed_out(const CallBound& bound) const;
    Failure reading_failed(Failure failure, const CallBound& bound) const;
    Failure refused(const HttpExchange& exchange, const HttpRefusal& refusal) const;

    std::unique_ptr<HttpProtocol> protocol_;
    ServerSettings settings_;
    std::string origin_;
    ServerText server_text_;
    Dialect dialect_;
    InputCounts input_counts_;
    HttpClient client_;
};

Task<Result<Answer>> HttpAgent::ask(Request request) {
    const auto start = Clock::now();
    const int wanted = request.top_logprobs;
    Attempt attempt;
    attempt.whole = whole_bound(request, start);
    attempt.input_estimate = input_counts_.estimate(request);
    for (int lessons = 0;; ++lessons) {
        const auto dialect = dialect_;
        request.top_logprobs = dialect.top_logprobs(wanted);
        attempt.sent = Clock::now();
        attempt.first =
            request.streamed ? after(attempt.sent, settings_.timeouts.first_token, "first_token") : attempt.whole;
        if (request.sink != nullptr) request.sink->on_sent();
        auto sent = co_await send(request, dialect, attempt);
        if (!sent) co_return std::move(sent).error();
        auto exchange = std::move(*sent);
        if (exchange->status() >= 200 && exchange->status() < 300) {
            auto answer = co_await read_answer(std::move(exchange), request, attempt);
            if (!answer) co_return answer;
            answer->latency = Clock::now() - start;
            answer->logprobs_refused = wanted > 0 && request.top_logprobs == 0;
            if (answer->model.empty()) answer->model = settings_.model;
            if (!answer->usage.estimated) input_counts_.learn(request, answer->usage.input_tokens);
            co_return answer;
        }
        const auto patience = earlier(attempt.whole.deadline, Deadline::after(refusal_patience));
        const auto refusal = co_await read_refusal(*exchange, std::string(), patience);
        const auto learned = protocol_->learn(refusal, request, dialect);
        if (!learned || lessons == max_lessons) co_return refused(*exchange, refusal);
        take_over(dialect_, dialect, *learned);
    }
}

CallBound HttpAgent::whole_bound(const Request& request, Clock::time_point start) const {
    const auto total = after(start, settings_.timeouts.total, "total");
    return earlier(CallBound{request.deadline, "deadline", {}}, total);
}

Task<Result<ExchangePtr>> HttpAgent::send(const Request& request, const Dialect& dialect, Attempt& attempt) {
    const auto bound = earlier(attempt.whole, attempt.first);
    auto preparation = protocol_->preparation(request);
    auto message = preparation ? Result<HttpRequest>(HttpRequest()) : protocol_->request_in(dialect, request);
    if (preparation) message = co_await prepare(std::move(*preparation), request, attempt);
    if (!message) co_return std::move(message).error();
    add_trace(*message, request);
    auto sent = co_await client_.send(std::move(*message), settings_.timeouts.connect, bound.deadline);
    if (!sent) co_return reading_failed(std::move(sent).error(), bound);
    co_return std::move(*sent);
}

Task<Result<HttpRequest>> HttpAgent::prepare(HttpRequest preparation, const Request& request, Attempt& attempt) {
    const auto bound = earlier(attempt.whole, attempt.first);
    add_trace(preparation, request);
    auto sent = co_await client_.send(std::move(preparation), settings_.timeouts.connect, bound.deadline);
    if (!sent) co_return reading_failed(std::move(sent).error(), bound);
    const auto exchange = std::move(*sent);
    if (exchange->status() < 200 || exchange->status() >= 300) {
        const auto patience = earlier(bound.deadline, Deadline::after(refusal_patience));
        const auto refusal = co_await read_refusal(*exchange, std::string(), patience);
        co_return refused(*exchange, refusal);
    }
    auto body = co_await read_body(*exchange, std::string(), bound);
    if (!body) co_return std::move(body).error();
    attempt.preparation = std::move(*body);
    auto message = protocol_->request_after(attempt.preparation, request);
    if (!message) co_return located(std::move(message).error());
    co_return message;
}

Task<Result<Answer>> HttpAgent::read_answer(ExchangePtr exchange, const Request& request, Attempt& attempt) {
    const auto content_type = exchange->header("content-type").value_or("");
    const auto bound = earlier(attempt.whole, attempt.first);
    const auto braced = request.streamed && protocol_->framing() == Framing::lines ? Body::stream : Body::document;
    std::string begin;
    std::optional<Body> kind = body_kind(content_type, begin, braced);
    while (!kind) {
        auto piece = co_await exchange->read_some(bound.deadline);
        if (!piece) co_return with_input(reading_failed(std::move(piece).error(), bound), attempt.input_estimate);
        if (piece->empty() || begin.size() > max_drain_bytes) break;
        begin += *piece;
        kind = body_kind(content_type, begin, braced);
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

Task<Result<Answer>> HttpAgent::read_document(ExchangePtr exchange, std::string begin, const Request& request,
                                              Attempt& attempt) {
    const auto body = co_await read_body(*exchange, std::move(begin), attempt.whole);
    if (!body) co_return with_input(body.error(), attempt.input_estimate);
    exchange.reset();
    const auto reader = protocol_->reader_after(attempt.preparation, request);
    const auto progress = reader->document(*body);
    if (!progress) co_return located(progress.error());
    attempt.first_token = Clock::now();
    auto answer = *progress == Progress::stopped ? Result<Answer>(reader->stopped_early(attempt.input_estimate))
                                                 : reader->finish(attempt.input_estimate);
    if (!answer) co_return located(std::move(answer).error());
    answer->first_token = *attempt.first_token - attempt.sent;
    co_return answer;
}

Task<Result<Answer>> HttpAgent::read_stream(ExchangePtr exchange, std::string piece, const Request& request,
                                            Attempt& attempt) {
    const auto reader = protocol_->reader_after(attempt.preparation, request);
    StreamEvents events(protocol_->framing(), max_event_bytes);
    auto quiet = attempt.first;
    Digest digest;
    while (!piece.empty()) {
        const bool was_complete = reader->complete();
        digest = digest_events(events.feed(piece), *reader);
        const auto time = Clock::now();
        if (digest.advanced && !attempt.first_token) attempt.first_token = time;
        if (digest.progress >= Progress::stopped || digest.failure) break;
        if (digest.advanced) quiet = after(time, settings_.timeouts.idle, "idle");
        if (reader->complete() && !was_complete) {
            quiet = after(time, std::min(usage_patience, settings_.timeouts.idle), "idle");
        }
        const auto bound = earlier(attempt.whole, quiet);
        auto next = co_await exchange->read_some(bound.deadline);
        piece = next ? std::move(*next) : std::string();
        if (next && piece.empty()) digest = digest_events(events.finish(), *reader);
        if (!next && !reader->complete()) digest.failure = reading_failed(std::move(next).error(), bound);
    }
    co_return co_await conclude(std::move(exchange), *reader, std::move(digest), attempt);
}

Task<Result<Answer>> HttpAgent::conclude(ExchangePtr exchange, AnswerReader& reader, Digest last, Attempt& attempt) {
    if (last.failure) {
        last.failure->spent = reader.spent(attempt.input_estimate);
        co_return located(std::move(*last.failure));
    }
    const bool stopped = last.progress == Progress::stopped;
    if (last.progress == Progress::done) co_await drain(*exchange, attempt.whole.deadline);
    exchange.reset();  // after a stop this closes the connection, which ends the server's work
    auto answer =
        stopped ? Result<Answer>(reader.stopped_early(attempt.input_estimate)) : reader.finish(attempt.input_estimate);
    if (!answer) co_return located(std::move(answer).error());
    if (attempt.first_token) answer->first_token = *attempt.first_token - attempt.sent;
    co_return answer;
}

Task<Result<std::string>> HttpAgent::read_body(HttpExchange& exchange, std::string begin, const CallBound& bound) {
    auto body = std::move(begin);
    for (;;) {
        auto piece = co_await exchange.read_some(bound.deadline);
        if (!piece) co_return reading_failed(std::move(piece).error(), bound);
        if (piece->empty()) co_return body;
        body += *piece;
        if (body.size() > max_document_bytes) {
            co_return located(make_failure(FailureKind::bad_response, "the answer is larger than 64 MiB"));
        }
    }
}

// Reads what little stands between the protocol's end and the message's, so that the connection can be used again.
Task<void> HttpAgent::drain(HttpExchange& exchange, Deadline deadline) {
    const auto patience = earlier(deadline, Deadline::after(drain_patience));
    for (std::size_t bytes = 0; bytes < max_drain_bytes;) {
        const auto piece = co_await exchange.read_some(patience);
        if (!piece || piece->empty()) co_return;
        bytes += piece->size();
    }
}

Task<HttpRefusal> HttpAgent::read_refusal(HttpExchange& exchange, std::string begin, Deadline deadline) {
    HttpRefusal refusal;
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

Failure HttpAgent::located(Failure failure) const {
    if (failure.message.find(origin_) == std::string::npos) {
        failure.message = origin_ + ": " + failure.message;
    }
    return failure;
}

Failure HttpAgent::timed_out(const CallBound& bound) const {
    if (bound.name == "deadline") {
        auto failure = make_failure(FailureKind::timeout, origin_ + ": the run's deadline passed");
        failure.retryable = false;
        return failure;
    }
    return make_failure(FailureKind::timeout, fmt::format("{}: the {} timeout of {} ms passed; raise timeout.{} if the "
                                                          "model is just slow",
                                                          origin_, bound.name, bound.length.count(), bound.name));
}

Failure HttpAgent::reading_failed(Failure failure, const CallBound& bound) const {
    const bool ours = failure.kind == FailureKind::timeout && bound.deadline.expired();
    return ours ? timed_out(bound) : located(std::move(failure));
}

Failure HttpAgent::refused(const HttpExchange& exchange, const HttpRefusal& refusal) const {
    auto failure = protocol_->failure(refusal, server_text_);
    const auto wait = http_retry_after(exchange.header("retry-after-ms"), exchange.header("retry-after"),
                                       std::chrono::system_clock::now());
    if (wait) failure.retry_after = wait;
    return failure;
}

}  // namespace

std::unique_ptr<Agent> make_http_agent(std::unique_ptr<HttpProtocol> protocol, ServerSettings settings,
                                       asio::any_io_executor executor) {
    return std::make_unique<HttpAgent>(std::move(protocol), std::move(settings), std::move(executor));
}

}  // namespace enough
