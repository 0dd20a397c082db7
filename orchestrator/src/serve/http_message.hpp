#pragma once

#include <enough/async/task.hpp>
#include <enough/orchestrator/server.hpp>

#include <nlohmann/json_fwd.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace enough {

inline constexpr const char* run_id_header = "x-enough-run-id";

using HeaderList = std::vector<std::pair<std::string, std::string>>;

/// A request that has come in whole.
struct ServerRequest {
    std::string method;
    std::string path;                          ///< percent-decoded, without the query
    std::map<std::string, std::string> query;  ///< percent-decoded; of a repeated name the last counts
    HeaderList headers;
    std::string body;

    /// First value of a header, its name compared without case.
    std::optional<std::string_view> header(std::string_view name) const;
};

/// No aggregate: g++ 12 destroys one twice where it is made in the statement that awaits its being sent.
struct ServerResponse {
    explicit ServerResponse(int code = 200, std::string text = {}, std::string type = "application/json")
        : status(code), content_type(std::move(type)), body(std::move(text)) {}

    int status;
    std::string content_type;
    HeaderList headers;
    std::string body;
};

/// A JSON document; what is no UTF-8 in it is replaced.
ServerResponse json_response(const nlohmann::ordered_json& body, int status = 200);

/// The head of a stream of server-sent events.
ServerResponse event_stream();

/// Writes the one response to a request: whole, or as a stream of pieces. What a client takes too slowly throws
/// `boost::system::system_error` and ends the connection.
class ResponseWriter {
public:
    virtual ~ResponseWriter() = default;

    virtual Task<void> send(ServerResponse response) = 0;

    /// Status and header of a stream (`head.body` is its first piece, if any).
    virtual Task<void> begin(ServerResponse head) = 0;
    virtual Task<void> write(std::string piece) = 0;
    virtual Task<void> finish() = 0;

    /// Has anything been sent?
    virtual bool begun() const = 0;

    /// Told the name of the key that the request came with, for the log.
    virtual void note_key(const std::string& /*name*/) {}
};

/// Answers requests. `handle` is cancelled (`terminal`) when the client leaves; several are under way at once, on one
/// strand.
class RequestHandler {
public:
    virtual ~RequestHandler() = default;

    virtual Task<void> handle(ServerRequest request, ResponseWriter& writer) = 0;

    /// The response to a request that the server itself refuses: `status` is 400, 408, 413, 431, 503 …
    virtual ServerResponse refusal(int status, std::string message) = 0;
};

}  // namespace enough
