#include "nats/link_options.hpp"

#include "nats/status.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

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

}  // namespace

Result<OptionsHandle> make_options(const ConnectionSettings& settings, const std::vector<ServerAddress>& servers) {
    natsOptions* raw = nullptr;
    if (natsOptions_Create(&raw) != NATS_OK) return can_not_set("any option");
    OptionsHandle options(raw);
    Result<void> set = set_servers(raw, servers);
    if (set) set = set_tls(raw, servers);
    if (set) set = set_identity(raw, settings);
    if (set) set = set_times(raw, settings);
    if (!set) return set.error();
    return options;
}

}  // namespace enough::nats
