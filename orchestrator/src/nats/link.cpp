#include "nats/link.hpp"

#include "nats/server_address.hpp"
#include "nats/status.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <vector>

namespace enough::nats {
namespace {

using std::chrono::milliseconds;

// A server that takes no bytes for so long is given up, so that nothing here blocks for ever.
constexpr milliseconds write_deadline{5'000};
constexpr int silent_pings = 3;
// What is handed over while the server is away waits here; calls do not, they wait for the server.
constexpr int reconnect_buffer_bytes = 1 << 20;

Error can_not_set(const char* what) {
    return Error{ErrorKind::refused, fmt::format("libnats does not take {}: {}", what, last_words())};
}

Result<std::vector<ServerAddress>> read_addresses(const std::vector<std::string>& servers) {
    if (servers.empty()) return Error{ErrorKind::invalid, "no address of a NATS server is given"};
    std::vector<ServerAddress> addresses;
    for (const std::string& server : servers) {
        Result<ServerAddress> address = read_server_address(server);
        if (!address) return address.error();
        addresses.push_back(std::move(*address));
    }
    return addresses;
}

std::string shown(const std::vector<ServerAddress>& addresses) {
    std::vector<std::string> names;
    for (const ServerAddress& address : addresses)
        names.push_back(address.shown);
    return fmt::format("{}", fmt::join(names, ", "));
}

Result<void> set_servers(natsOptions* options, const std::vector<ServerAddress>& addresses) {
    std::vector<const char*> urls;
    for (const ServerAddress& address : addresses)
        urls.push_back(address.url.c_str());
    if (natsOptions_SetServers(options, urls.data(), static_cast<int>(urls.size())) != NATS_OK)
        return can_not_set("the servers' addresses");
    return {};
}

Result<void> set_identity(natsOptions* options, const ConnectionSettings& settings) {
    const auto is_there = [](const std::string& file) {
        std::error_code ignored;
        return std::filesystem::is_regular_file(file, ignored);
    };
    const std::string& credentials = settings.credentials_file;
    if (!credentials.empty()) {
        if (!is_there(credentials))
            return Error{ErrorKind::invalid, fmt::format("there is no file of NATS credentials '{}'", credentials)};
        if (natsOptions_SetUserCredentialsFromFiles(options, credentials.c_str(), nullptr) != NATS_OK)
            return can_not_set("the file of credentials");
    }
    if (!settings.ca_file.empty() &&
        natsOptions_LoadCATrustedCertificates(options, settings.ca_file.c_str()) != NATS_OK) {
        return Error{ErrorKind::tls, fmt::format("'{}' is no file of certificates (PEM)", settings.ca_file)};
    }
    return {};
}

Result<void> set_tls(natsOptions* options, const std::vector<ServerAddress>& addresses) {
    const bool tls = std::any_of(addresses.begin(), addresses.end(), [](const auto& each) { return each.tls; });
    if (tls && natsOptions_SetSecure(options, true) != NATS_OK) return can_not_set("TLS");
    return {};
}

Result<void> set_times(natsOptions* options, const ConnectionSettings& settings) {
    const std::array statuses{
        natsOptions_SetName(options, settings.name.c_str()),
        natsOptions_SetTimeout(options, settings.connect_timeout.count()),
        natsOptions_SetAllowReconnect(options, true),
        natsOptions_SetMaxReconnect(options, -1),
        natsOptions_SetReconnectWait(options, settings.reconnect_wait.count()),
        natsOptions_SetReconnectJitter(options, settings.reconnect_jitter.count(), settings.reconnect_jitter.count()),
        natsOptions_SetReconnectBufSize(options, reconnect_buffer_bytes),
        natsOptions_SetPingInterval(options, settings.ping_interval.count()),
        natsOptions_SetMaxPingsOut(options, silent_pings),
        natsOptions_SetWriteDeadline(options, write_deadline.count()),
        natsOptions_SetFailRequestsOnDisconnect(options, true),
        // One thread of the library's brings what comes on all subscriptions; ours only put it into a queue there.
        natsOptions_UseGlobalMessageDelivery(options, true),
    };
    if (std::any_of(statuses.begin(), statuses.end(), [](natsStatus each) { return each != NATS_OK; }))
        return can_not_set("the connection's settings");
    return {};
}

Error can_not_connect(natsStatus status, const std::string& servers) {
    switch (static_cast<int>(status)) {
        case NATS_CONNECTION_AUTH_FAILED:
        case NATS_NOT_PERMITTED:
            return Error{
                ErrorKind::unauthorized,
                fmt::format("the NATS server at {} refuses our user, password, token or credentials", servers)};
        case NATS_SSL_ERROR:
            return Error{ErrorKind::tls, fmt::format("no TLS with the NATS server at {}: {}", servers, last_words())};
        case NATS_SECURE_CONNECTION_WANTED:
            return Error{ErrorKind::tls, fmt::format("the NATS server at {} speaks no TLS: use nats://", servers)};
        case NATS_NO_SERVER:
            return Error{ErrorKind::connection,
                         fmt::format("no NATS server answers at {}: is it running there?", servers)};
        default:
            return Error{ErrorKind::connection,
                         fmt::format("no NATS server answers at {}: {}", servers, natsStatus_GetText(status))};
    }
}

}  // namespace

/// The connection's callbacks come on a thread of libnats, the last of them after it was closed.
struct Link::Watch {
    std::mutex mutex;
    std::condition_variable changed;
    bool closed = false;  ///< no callback may reach its owner any more
    asio::any_io_executor executor;
    std::function<void()> lost;
    std::function<void(const std::string&)> regained;

    using Closure = std::shared_ptr<Watch>;

    static void on_lost(natsConnection*, void* closure) {
        const Closure watch = *static_cast<Closure*>(closure);
        const std::lock_guard lock(watch->mutex);
        if (watch->closed || !watch->lost) return;
        asio::post(watch->executor, [watch] {
            if (!watch->is_closed()) watch->lost();
        });
    }

    static void on_regained(natsConnection* connection, void* closure) {
        const Closure watch = *static_cast<Closure*>(closure);
        const std::lock_guard lock(watch->mutex);
        watch->changed.notify_all();
        if (watch->closed || !watch->regained) return;
        std::array<char, 512> url{};
        natsConnection_GetConnectedUrl(connection, url.data(), url.size());
        const Result<ServerAddress> address = read_server_address(url.data());
        asio::post(watch->executor, [watch, server = address ? address->shown : std::string()] {
            if (!watch->is_closed()) watch->regained(server);
        });
    }

    static void on_closed(natsConnection*, void* closure) { delete static_cast<Closure*>(closure); }

    bool is_closed() {
        const std::lock_guard lock(mutex);
        return closed;
    }
};

Link::Link(ConnectionSettings settings, asio::any_io_executor callbacks)
    : settings_(std::move(settings)), watch_(std::make_shared<Watch>()), threads_(settings_.threads) {
    watch_->executor = std::move(callbacks);
    watch_->lost = settings_.lost;
    watch_->regained = settings_.regained;
}

Link::~Link() {
    jsCtx_Destroy(jet_stream_);
    natsConnection_Destroy(connection_);
}

Result<void> Link::open() {
    const std::lock_guard opening(opening_);
    const Result<std::vector<ServerAddress>> addresses = read_addresses(settings_.servers);
    if (!addresses) return addresses.error();
    natsOptions* raw = nullptr;
    if (natsOptions_Create(&raw) != NATS_OK) return can_not_set("any option");
    const OptionsHandle options(raw);
    Result<void> set = set_servers(raw, *addresses);
    if (set) set = set_tls(raw, *addresses);
    if (set) set = set_identity(raw, settings_);
    if (set) set = set_times(raw, settings_);
    if (!set) return set;

    server_ = shown(*addresses);
    auto closure = std::make_unique<Watch::Closure>(watch_);
    natsOptions_SetDisconnectedCB(raw, &Watch::on_lost, closure.get());
    natsOptions_SetReconnectedCB(raw, &Watch::on_regained, closure.get());
    natsOptions_SetClosedCB(raw, &Watch::on_closed, closure.get());
    const natsStatus status = natsConnection_Connect(&connection_, raw);
    // Without a connection there are no callbacks.
    if (status != NATS_OK) return can_not_connect(status, server_);
    closure.release();
    if (natsConnection_JetStream(&jet_stream_, connection_, nullptr) != NATS_OK) return can_not_set("JetStream");
    if (settings_.needs_jet_stream) return check_jet_stream();
    return {};
}

Result<void> Link::check_jet_stream() {
    jsOptions options;
    jsOptions_Init(&options);
    options.Wait = settings_.connect_timeout.count();
    jsAccountInfo* info = nullptr;
    jsErrCode code = {};
    const natsStatus status = js_GetAccountInfo(&info, jet_stream_, &options, &code);
    const AccountHandle owner(info);
    if (status == NATS_OK) return {};
    Error error = error_of(status, code, "asking for JetStream");
    if (status == NATS_NO_RESPONDERS || error.kind == ErrorKind::no_jet_stream) {
        error =
            Error{ErrorKind::no_jet_stream,
                  fmt::format("the NATS server at {} runs without JetStream, or not for this account: start it with "
                              "`nats-server -js`",
                              server_)};
    }
    return error;
}

void Link::close(milliseconds limit) {
    {
        const std::lock_guard lock(watch_->mutex);
        watch_->closed = true;
    }
    watch_->changed.notify_all();
    const std::lock_guard opened(opening_);
    if (connection_ == nullptr) return;
    if (limit > milliseconds::zero() && connected()) natsConnection_FlushTimeout(connection_, limit.count());
    natsConnection_Close(connection_);
}

void Link::stop() {
    threads_.stop();
}

bool Link::wait_connected(Clock::time_point until) {
    std::unique_lock lock(watch_->mutex);
    watch_->changed.wait_until(lock, until, [this] { return watch_->closed || connected(); });
    return !watch_->closed && connected();
}

bool Link::connected() const {
    return connection_ != nullptr && natsConnection_Status(connection_) == NATS_CONN_STATUS_CONNECTED;
}

bool Link::closed() const {
    return watch_->is_closed();
}

std::string Link::server() const {
    std::array<char, 512> url{};
    if (connection_ == nullptr || natsConnection_GetConnectedUrl(connection_, url.data(), url.size()) != NATS_OK)
        return server_;
    const Result<ServerAddress> address = read_server_address(url.data());
    if (!address) return server_;
    return address->shown;
}

std::size_t Link::max_payload() const {
    return static_cast<std::size_t>(std::max<std::int64_t>(natsConnection_GetMaxPayload(connection_), 0));
}

std::uint64_t Link::reconnects() const {
    natsStatistics* statistics = nullptr;
    if (natsStatistics_Create(&statistics) != NATS_OK) return 0;
    std::uint64_t count = 0;
    natsConnection_GetStats(connection_, statistics);
    natsStatistics_GetCounts(statistics, nullptr, nullptr, nullptr, nullptr, &count);
    natsStatistics_Destroy(statistics);
    return count;
}

Error Link::no_connection(std::string_view doing) const {
    if (closed())
        return Error{ErrorKind::connection, fmt::format("{} failed: the connection to NATS is closed", doing)};
    return Error{ErrorKind::connection, fmt::format("{} failed: no NATS server answers at {}", doing, server_)};
}

Error Link::too_busy(std::string_view doing) const {
    return Error{ErrorKind::connection,
                 fmt::format("{} failed: too many calls to the NATS server at {} are in flight", doing, server_)};
}

void Link::dispose(SubscriptionHandle subscription) {
    std::shared_ptr<natsSubscription> shared = std::move(subscription);
    threads_.submit([owner = std::move(shared)] {});  // goes with the job
}

}  // namespace enough::nats
