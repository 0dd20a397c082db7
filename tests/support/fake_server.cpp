#include "support/fake_server.hpp"

#include "support/fake_socket.hpp"

#include <algorithm>
#include <cctype>
#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>

namespace enough::test {
namespace {

constexpr std::chrono::milliseconds glance{5};  ///< how often a blocked handler looks whether to go on

bool same_name(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b,
                              [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

std::string chunk_of(std::string_view bytes) {
    char size[32];
    std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
    return size + std::string(bytes) + "\r\n";
}

std::string head_of(int status, const Headers& headers) {
    std::string head = "HTTP/1.1 " + std::to_string(status) + " Status\r\n";
    for (const auto& [name, value] : headers)
        head += name + ": " + value + "\r\n";
    return head + "\r\n";
}

FakeRequest parse_head(std::string_view head) {
    FakeRequest request;
    const auto next_line = [&head] {
        const auto end = std::min(head.find("\r\n"), head.size());
        const auto line = head.substr(0, end);
        head.remove_prefix(std::min(end + 2, head.size()));
        return line;
    };
    const auto first = next_line();
    const auto space = first.find(' ');
    request.method = first.substr(0, space);
    request.target = first.substr(space + 1, first.rfind(' ') - space - 1);
    for (auto line = next_line(); !line.empty(); line = next_line()) {
        const auto colon = line.find(':');
        const auto value = line.find_first_not_of(' ', colon + 1);
        request.headers.emplace_back(line.substr(0, colon), value == line.npos ? "" : line.substr(value));
    }
    return request;
}

}  // namespace

std::string FakeRequest::header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
        if (same_name(key, name)) return value;
    }
    return {};
}

/// One client's connection and the thread that serves it.
class FakeConnection {
public:
    FakeConnection(FakeServer::State& server, int descriptor, std::size_t number)
        : server_(server), socket_(descriptor), number_(number) {}

    void serve();
    void join() { thread_.join(); }
    void start() { thread_ = std::thread(&FakeConnection::serve, this); }
    void shut_down() { socket_.shut_down(); }

    void send(std::string_view bytes) { gone_ = gone_ || !socket_.write(bytes); }
    bool wait(std::chrono::steady_clock::time_point until, bool for_release);
    void close() { end(&FakeSocket::close); }
    void reset() { end(&FakeSocket::reset); }
    void start_tls();
    bool client_gone() { return gone_ || socket_.peer_gone(); }

private:
    std::optional<FakeRequest> read_request();
    void end(void (FakeSocket::*how)());

    FakeServer::State& server_;
    FakeSocket socket_;
    std::size_t number_;
    std::string unread_;
    bool gone_ = false;
    bool closed_here_ = false;
    std::thread thread_;
};

struct FakeServer::State {
    State(FakeHandler on_request, const FakeServerSettings& given)
        : handler(std::move(on_request)),
          settings(given),
          listener(given.unix_socket.empty() ? FakeListener(given.ipv6, given.port) : FakeListener(given.unix_socket)) {
        if (settings.tls) tls = make_server_context(*settings.tls, settings.client_ca);
    }

    void accept_all() {
        for (int descriptor = listener.accept(); descriptor >= 0; descriptor = listener.accept()) {
            const std::lock_guard lock(mutex);
            auto& connection = connections.emplace_back(*this, descriptor, counts.connections);
            if (stopping) connection.shut_down();
            ++counts.connections;
            ++counts.open;
            connection.start();
            changed.notify_all();
        }
    }

    void stop() {
        {
            const std::lock_guard lock(mutex);
            stopping = true;
            for (auto& connection : connections)
                connection.shut_down();
        }
        listener.shut_down();
        acceptor.join();
        for (auto& connection : connections)
            connection.join();
    }

    void note_request(FakeRequest& request) {
        const std::lock_guard lock(mutex);
        request.number = counts.requests++;
        requests.push_back(request);
        changed.notify_all();
    }

    void note_end(bool closed_by_client) {
        const std::lock_guard lock(mutex);
        --counts.open;
        if (closed_by_client && !stopping) ++counts.closed_by_client;
        changed.notify_all();
    }

    FakeHandler handler;
    FakeServerSettings settings;
    FakeListener listener;
    std::shared_ptr<ssl_ctx_st> tls;
    std::thread acceptor;

    mutable std::mutex mutex;
    mutable std::condition_variable changed;
    Counts counts;
    std::vector<FakeRequest> requests;
    std::list<FakeConnection> connections;
    bool released = false;
    bool stopping = false;
};

void FakeConnection::serve() {
    if (server_.settings.tls && server_.settings.tls_from_start) start_tls();
    for (std::size_t count = 0; !gone_; ++count) {
        auto request = read_request();
        if (!request) break;
        request->connection = number_;
        request->on_connection = count;
        server_.note_request(*request);
        FakeExchange exchange(*this, std::move(*request));
        server_.handler(exchange);
    }
    socket_.close();
    server_.note_end(!closed_here_);
}

std::optional<FakeRequest> FakeConnection::read_request() {
    const auto read_more = [this] {
        const auto bytes = socket_.read();
        unread_ += bytes;
        return !bytes.empty();
    };
    while (unread_.find("\r\n\r\n") == std::string::npos) {
        if (!read_more()) return std::nullopt;
    }
    const auto head_end = unread_.find("\r\n\r\n") + 4;
    auto request = parse_head(std::string_view(unread_).substr(0, head_end));
    const auto length = request.header("Content-Length");
    const std::size_t body_size = length.empty() ? 0 : std::stoul(length);
    while (unread_.size() < head_end + body_size) {
        if (!read_more()) return std::nullopt;
    }
    request.body = unread_.substr(head_end, body_size);
    unread_.erase(0, head_end + body_size);
    return request;
}

void FakeConnection::start_tls() {
    gone_ = gone_ || !socket_.start_tls(*server_.tls);
}

void FakeConnection::end(void (FakeSocket::*how)()) {
    if (gone_) return;
    closed_here_ = true;
    gone_ = true;
    (socket_.*how)();
}

/// True if the time is over or the handlers are released; false once the client is gone.
bool FakeConnection::wait(std::chrono::steady_clock::time_point until, bool for_release) {
    while (!gone_) {
        {
            std::unique_lock lock(server_.mutex);
            const auto next = std::min(until, std::chrono::steady_clock::now() + glance);
            server_.changed.wait_until(lock, next,
                                       [&] { return server_.stopping || (for_release && server_.released); });
            if (server_.stopping) return false;
            if (for_release && server_.released) return true;
        }
        if (socket_.peer_gone()) gone_ = true;
        if (!gone_ && std::chrono::steady_clock::now() >= until) return true;
    }
    return false;
}

FakeExchange::FakeExchange(FakeConnection& connection, FakeRequest request)
    : connection_(connection), request_(std::move(request)) {}

void FakeExchange::send(std::string_view bytes) {
    connection_.send(bytes);
}

void FakeExchange::send_in_pieces(std::string_view bytes, std::size_t piece) {
    for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size())))
        send(bytes.substr(0, piece));
}

void FakeExchange::answer(int status, std::string_view body, Headers headers) {
    headers.emplace_back("Content-Length", std::to_string(body.size()));
    send(head_of(status, headers) + std::string(body));
}

void FakeExchange::start_stream(std::string_view content_type, int status) {
    send(head_of(status, {{"Content-Type", std::string(content_type)}, {"Transfer-Encoding", "chunked"}}));
}

void FakeExchange::chunk(std::string_view bytes) {
    if (!bytes.empty()) send(chunk_of(bytes));
}

void FakeExchange::end_stream() {
    send("0\r\n\r\n");
}

bool FakeExchange::stall() {
    return connection_.wait(std::chrono::steady_clock::time_point::max(), true);
}

void FakeExchange::pause(std::chrono::milliseconds duration) {
    connection_.wait(std::chrono::steady_clock::now() + duration, false);
}

void FakeExchange::close() {
    connection_.close();
}
void FakeExchange::reset() {
    connection_.reset();
}
void FakeExchange::start_tls() {
    connection_.start_tls();
}
bool FakeExchange::client_gone() const {
    return connection_.client_gone();
}

FakeServer::FakeServer(FakeHandler handler, FakeServerSettings settings)
    : state_(std::make_shared<State>(std::move(handler), settings)) {
    state_->acceptor = std::thread([state = state_.get()] { state->accept_all(); });
}

FakeServer::~FakeServer() {
    state_->stop();
}

std::uint16_t FakeServer::port() const {
    return state_->listener.port();
}

std::string FakeServer::url(std::string_view target) const {
    const bool https = state_->settings.tls && state_->settings.tls_from_start;
    return std::string(https ? "https" : "http") + "://" + (state_->settings.ipv6 ? "[::1]" : "127.0.0.1") + ":" +
           std::to_string(port()) + std::string(target);
}

FakeServer::Counts FakeServer::counts() const {
    const std::lock_guard lock(state_->mutex);
    return state_->counts;
}

std::vector<FakeRequest> FakeServer::requests() const {
    const std::lock_guard lock(state_->mutex);
    return state_->requests;
}

bool FakeServer::wait_until(std::function<bool(const Counts&)> condition, std::chrono::milliseconds limit) const {
    std::unique_lock lock(state_->mutex);
    return state_->changed.wait_for(lock, limit, [&] { return condition(state_->counts); });
}

bool FakeServer::wait_until_client_closed(std::size_t connections) const {
    return wait_until([&](const Counts& counts) { return counts.closed_by_client >= connections; });
}

void FakeServer::release() {
    const std::lock_guard lock(state_->mutex);
    state_->released = true;
    state_->changed.notify_all();
}

}  // namespace enough::test
