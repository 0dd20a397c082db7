#pragma once

#include <enough/agents/agent.hpp>
#include <enough/net/http_client.hpp>
#include <enough/net/sse_parser.hpp>

#include <cstdint>
#include <memory>
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

/// How a stream's events are told apart.
enum class Framing {
    events,  ///< `text/event-stream`
    lines,   ///< one JSON document a line
};

/// What is spoken with a server: how a question is put and how the answer is read. Pure; `HttpAgent` does the rest.
class HttpProtocol {
public:
    virtual ~HttpProtocol() = default;

    /// What stands in messages: scheme, host and port.
    virtual std::string origin() const = 0;
    virtual HttpRequest request(const Request& request) const = 0;
    virtual std::unique_ptr<AnswerReader> reader(const Request& request) const = 0;
    virtual Framing framing() const { return Framing::events; }
};

}  // namespace enough
