#pragma once

#include "providers/dialect.hpp"
#include "providers/http_failure.hpp"
#include "providers/server_text.hpp"
#include "providers/stream_events.hpp"

#include <enough/agents/agent.hpp>
#include <enough/net/http_client.hpp>
#include <enough/net/sse_parser.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace enough {

/// Makes an answer of what a server sends, and tells the sink on the way. Knows nothing of sockets and time. Once it
/// has returned a failure it must not be used any more, except for `spent`.
class AnswerReader {
public:
    enum class Progress {
        none,      ///< nothing a reader would see: a role, a comment, usage
        advanced,  ///< text, tokens or parts of tool calls came
        stopped,   ///< the sink said stop; the rest of the event was not read
        done,      ///< the protocol's own end
    };

    virtual ~AnswerReader() = default;

    /// One event of a stream. Where the framing is lines, `data` is the line.
    virtual Result<Progress> event(const SseEvent& event) = 0;

    /// A whole answer in one JSON document.
    virtual Result<Progress> document(const std::string& body) = 0;

    /// The server said why it stopped writing, so the answer is complete whatever happens to the connection.
    virtual bool complete() const = 0;

    /// The stream has ended: the answer, or `stream_cut` if the server never said why it stopped. Without a usage from
    /// the server the output is counted from what came and the input is `input_estimate`.
    virtual Result<Answer> finish(std::int64_t input_estimate) = 0;

    /// The fragment after `Progress::stopped`.
    virtual Answer stopped_early(std::int64_t input_estimate) = 0;

    /// What has been used up so far.
    virtual Usage spent(std::int64_t input_estimate) const = 0;
};

/// What is spoken with a server: how a question is put and how the answer is read. Pure; `HttpAgent` does the rest.
class HttpProtocol {
public:
    virtual ~HttpProtocol() = default;

    /// What stands in messages: scheme, host and port.
    virtual std::string origin() const = 0;

    /// The request for `request`, of which `top_logprobs` is what the server is known to allow (0: none). Where
    /// `streamed` is false the answer is wanted in one document.
    virtual HttpRequest request(const Request& request) const = 0;
    virtual std::unique_ptr<AnswerReader> reader(const Request& request) const = 0;
    virtual Framing framing() const { return Framing::events; }

    /// What is known of the server before the first request.
    virtual Dialect dialect() const { return {}; }

    /// The same as `request`, for protocols in which more than the candidates is put by the dialect.
    virtual HttpRequest request_in(const Dialect& dialect, const Request& request) const;

    /// A request to be made first, where the main one is made of its response; absent: there is none.
    virtual std::optional<HttpRequest> preparation(const Request& request) const;

    /// The main request, made of the body of the preparation's 2xx response; a `bad_response` if it is not what it
    /// should be.
    virtual Result<HttpRequest> request_after(const std::string& preparation, const Request& request) const;

    /// The reader of the answer to a request that was made of `preparation`.
    virtual std::unique_ptr<AnswerReader> reader_after(const std::string& preparation, const Request& request) const;

    /// What the refusal of a request in the dialect `used` teaches: a dialect in which asking again makes sense, or
    /// nothing.
    virtual std::optional<Dialect> learn(const HttpRefusal& refusal, const Request& asked, const Dialect& used) const;

    /// The failure for a refusal that teaches nothing; `retry_after` is left to the caller unless the body says it.
    virtual Failure failure(const HttpRefusal& refusal, const ServerText& server_text) const;
};

}  // namespace enough
