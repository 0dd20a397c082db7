#include "nats/link.hpp"

#include "nats/link_options.hpp"
#include "nats/server_address.hpp"
#include "nats/status.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <utility>
#include <vector>

namespace enough::nats {
namespace {

using std::chrono::milliseconds;

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

/// Empty if it is not connected.
std::string server_of(natsConnection& connection) {
    std::array<char, 512> url{};
    if (natsConnection_GetConnectedUrl(&connection, url.data(), url.size()) != NATS_OK) return {};
    const Result<ServerAddress> address = read_server_address(url.data());
    if (!address) return {};
    return address->shown;
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

/// The connection's callbacks come on a thread of libnats, the last of them some time after it was closed. By then
/// nothing of those who wanted to know is held here any more.
struct Link::Watch {
    struct Owner {
        asio::any_io_executor executor;
        std::function<void()> lost;
        std::function<void(const std::string&)> regained;
    };

    std::mutex mutex;
    std::condition_variable changed;
    std::unique_ptr<Owner> owner;  ///< none once closed
    std::shared_ptr<std::atomic<bool>> open = std::make_shared<std::atomic<bool>>(true);

    using Closure = std::shared_ptr<Watch>;

    // Posted under the lock: as long as the owner is known, its executor is there.
    static void on_lost(natsConnection*, void* closure) {
        const Closure watch = *static_cast<Closure*>(closure);
        const std::lock_guard lock(watch->mutex);
        if (!watch->owner || !watch->owner->lost) return;
        asio::post(watch->owner->executor, [open = watch->open, tell = watch->owner->lost] {
            if (*open) tell();
        });
    }

    static void on_regained(natsConnection* connection, void* closure) {
        const Closure watch = *static_cast<Closure*>(closure);
        const std::lock_guard lock(watch->mutex);
        watch->changed.notify_all();
        if (!watch->owner || !watch->owner->regained) return;
        asio::post(watch->owner->executor,
                   [open = watch->open, tell = watch->owner->regained, server = server_of(*connection)] {
                       if (*open) tell(server);
                   });
    }

    static void on_closed(natsConnection*, void* closure) { delete static_cast<Closure*>(closure); }

    void close() {
        std::unique_ptr<Owner> gone;
        {
            const std::lock_guard lock(mutex);
            *open = false;
            gone.swap(owner);
        }
        changed.notify_all();
    }
};

Link::Link(ConnectionSettings settings, asio::any_io_executor callbacks)
    : watch_(std::make_shared<Watch>()), threads_(settings.threads) {
    Watch::Owner owner{std::move(callbacks), std::exchange(settings.lost, nullptr),
                       std::exchange(settings.regained, nullptr)};
    watch_->owner = std::make_unique<Watch::Owner>(std::move(owner));
    settings_ = std::move(settings);
}

Link::~Link() {
    jsCtx_Destroy(jet_stream_);
    natsConnection_Destroy(connection_);
}

Result<void> Link::open() {
    const std::lock_guard opening(opening_);
    const Result<std::vector<ServerAddress>> addresses = read_addresses(settings_.servers);
    if (!addresses) return addresses.error();
    const Result<OptionsHandle> options = make_options(settings_, *addresses);
    if (!options) return options.error();
    natsOptions* raw = options->get();
    server_ = shown(*addresses);
    auto closure = std::make_unique<Watch::Closure>(watch_);
    natsOptions_SetDisconnectedCB(raw, &Watch::on_lost, closure.get());
    natsOptions_SetReconnectedCB(raw, &Watch::on_regained, closure.get());
    natsOptions_SetClosedCB(raw, &Watch::on_closed, closure.get());
    const natsStatus status = natsConnection_Connect(&connection_, raw);
    // Without a connection there are no callbacks.
    if (status != NATS_OK) return can_not_connect(status, server_);
    closure.release();
    if (natsConnection_JetStream(&jet_stream_, connection_, nullptr) != NATS_OK)
        return error_of(NATS_ERR, {}, "preparing JetStream");
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
    watch_->close();
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
    watch_->changed.wait_until(lock, until, [this] { return !*watch_->open || connected(); });
    return *watch_->open && connected();
}

bool Link::connected() const {
    return connection_ != nullptr && natsConnection_Status(connection_) == NATS_CONN_STATUS_CONNECTED;
}

bool Link::closed() const {
    return !*watch_->open;
}

std::string Link::server() const {
    std::string server = connection_ == nullptr ? std::string() : server_of(*connection_);
    if (server.empty()) return server_;
    return server;
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
