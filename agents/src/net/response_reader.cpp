#include "net/response_reader.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>

#include <algorithm>

namespace enough {
namespace {

namespace http = boost::beast::http;
using Parser = http::response_parser<http::buffer_body>;

constexpr std::size_t read_size = 16 * 1024;

}  // namespace

struct ResponseReader::Impl {
    Impl(ResponseLimits given, Body expected, std::string server)
        : limits(given), body(expected), where(std::move(server)) {
        start();
    }

    void start() {
        parser.emplace();
        parser->header_limit(static_cast<std::uint32_t>(std::min<std::size_t>(limits.header_bytes, UINT32_MAX)));
        parser->body_limit(limits.body_bytes);
        parser->skip(body == Body::none);
        body_begun = false;
    }

    /// Boost.Beast (1.81) asserts that the end of a chunked body has five bytes when it sees it a second time. That
    /// holds for all chunks but the first, which has no line break of the one before: "0\r\n\r" would end a debug
    /// build.
    bool too_short() const {
        constexpr std::size_t shortest_body = 5;  // "0\r\n\r\n"
        return parser->is_header_done() && parser->chunked() && !body_begun && buffer.size() < shortest_body;
    }

    /// Feeds the parser once. The error is `need_more` when the buffered bytes do not suffice.
    boost::system::error_code put() {
        boost::system::error_code error = http::error::need_more;
        if (buffer.size() == 0 || too_short()) return error;
        error = {};
        const bool in_body = parser->is_header_done();
        const auto taken = parser->put(buffer.data(), error);
        buffer.consume(taken);
        body_begun = body_begun || (in_body && taken > 0);
        // A single element (a header, a chunk's header) that needs more than this is an attack or no HTTP at all.
        if (error == http::error::need_more && buffer.size() > std::max(limits.header_bytes, read_size))
            error = http::error::header_limit;
        return error;
    }

    /// A peer that speaks another protocol shows it in its first bytes; the parser would wait for a whole line.
    bool speaks_http() const {
        constexpr std::string_view expected = "HTTP/1.";
        const std::string_view seen(static_cast<const char*>(buffer.data().data()),
                                    std::min(buffer.size(), expected.size()));
        return parser->got_some() || expected.starts_with(seen);
    }

    Failure failure(const boost::system::error_code& error) const {
        Failure failure;
        failure.kind = FailureKind::bad_response;
        if (error == http::error::header_limit) {
            failure.message = where + " sent a header of more than " + std::to_string(limits.header_bytes) + " bytes";
        } else if (error == http::error::body_limit) {
            failure.message = where + " sent an answer of more than " + std::to_string(limits.body_bytes) + " bytes";
        } else {
            failure.message = where + " does not answer in HTTP/1.1 (" + error.message() + "); check the URL";
        }
        return failure;
    }

    ResponseLimits limits;
    Body body;
    std::string where;
    boost::beast::flat_buffer buffer;
    std::optional<Parser> parser;
    bool started = false;
    bool body_begun = false;  ///< something of the body, if only a chunk's size, has been taken out of the buffer
};

ResponseReader::ResponseReader(ResponseLimits limits, Body body, std::string where)
    : impl_(std::make_unique<Impl>(limits, body, std::move(where))) {}
ResponseReader::~ResponseReader() = default;
ResponseReader::ResponseReader(ResponseReader&&) noexcept = default;

boost::asio::mutable_buffer ResponseReader::prepare() {
    return impl_->buffer.prepare(read_size);
}

void ResponseReader::commit(std::size_t bytes) {
    impl_->buffer.commit(bytes);
    impl_->started = impl_->started || bytes > 0;
}

Result<bool> ResponseReader::read_header() {
    auto& parser = impl_->parser;
    for (;;) {
        while (!parser->is_header_done()) {
            if (!impl_->speaks_http()) return impl_->failure(http::error::bad_version);
            const auto error = impl_->put();
            if (error == http::error::need_more) return false;
            if (error) return impl_->failure(error);
        }
        if (status() >= 200) return true;
        if (status() == 101) return impl_->failure(http::error::bad_status);
        impl_->start();  // an interim response; the one that counts follows
    }
}

Result<std::string> ResponseReader::read_body() {
    auto& parser = *impl_->parser;
    std::string piece(std::min(impl_->buffer.size(), read_size), '\0');
    auto& sink = parser.get().body();
    sink.data = piece.data();
    sink.size = piece.size();
    sink.more = true;
    while (!parser.is_done()) {
        const auto error = impl_->put();
        // `need_buffer` is the normal way of saying that the piece is full.
        if (error == http::error::need_more || error == http::error::need_buffer) break;
        if (error) return impl_->failure(error);
        if (sink.size == 0) break;
    }
    piece.resize(piece.size() - sink.size);
    return piece;
}

Result<void> ResponseReader::end_of_stream(bool orderly) {
    Failure failure;
    failure.retryable = true;
    if (!impl_->started) {
        failure.kind = FailureKind::connect;
        failure.message = impl_->where + " closed the connection without answering";
        return failure;
    }
    boost::system::error_code error;
    // The parser must not be told of an end before it was told of a beginning: only interim responses came.
    const bool begun = impl_->parser->got_some();
    if (orderly && begun) impl_->parser->put_eof(error);
    if (orderly && begun && !error && done()) return {};
    failure.kind = FailureKind::stream_cut;
    failure.message = impl_->where + " closed the connection before its answer was complete";
    return failure;
}

int ResponseReader::status() const {
    return static_cast<int>(impl_->parser->get().result_int());
}

std::optional<std::string> ResponseReader::header(std::string_view name) const {
    const auto& fields = impl_->parser->get();
    const auto found = fields.find(boost::beast::string_view(name.data(), name.size()));
    if (found == fields.end()) return std::nullopt;
    return std::string(found->value().data(), found->value().size());
}

bool ResponseReader::started() const {
    return impl_->started;
}

bool ResponseReader::done() const {
    return impl_->parser->is_done();
}

bool ResponseReader::reusable() const {
    return done() && impl_->parser->keep_alive() && impl_->buffer.size() == 0;
}

}  // namespace enough
