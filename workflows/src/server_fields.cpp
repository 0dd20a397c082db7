// What every model reached over HTTP has, whatever is spoken with it.
#include "field_types.hpp"
#include "loading.hpp"
#include "scalar.hpp"
#include "tree_json.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <string_view>

namespace enough {
namespace {

/// Where a URL's host ends, after `scheme` characters.
std::string_view host_of(std::string_view url, std::size_t scheme) {
    return url.substr(scheme, url.find('/', scheme) - scheme);
}

std::optional<std::string> read_base_url(const Value& value) {
    auto url = type::Text{}(value);
    if (!url) return std::nullopt;
    const std::size_t scheme = url->starts_with("https://") ? 8 : url->starts_with("http://") ? 7 : 0;
    const std::string_view host = host_of(*url, scheme);
    if (scheme == 0 || host.empty() || url->find_first_of(" \t\r\n") != std::string::npos)
        return value.expected("a URL such as http://127.0.0.1:8080/v1");
    if (host.find('@') != std::string_view::npos) {
        value.error("a URL with a user or password; use 'api_key' or 'extra_headers'");
        return std::nullopt;
    }
    if (url->find_first_of("?#") != std::string::npos) {
        value.error("a base URL has no query and no fragment");
        return std::nullopt;
    }
    return url;
}

std::optional<Timeouts> read_timeouts(const Value& value) {
    Fields fields(value);
    Timeouts timeouts;
    fields.optional("connect", type::Duration{}, timeouts.connect);
    fields.optional("first_token", type::Duration{}, timeouts.first_token);
    fields.optional("idle", type::Duration{}, timeouts.idle);
    fields.optional("total", type::Duration{}, timeouts.total);
    return fields.finished(std::move(timeouts));
}

bool header_name(std::string_view name) {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    });
}

std::optional<std::map<std::string, std::string>> read_headers(const Value& value) {
    if (!value.is_map()) return value.expected("a map of header names");
    std::map<std::string, std::string> headers;
    for (const Node::Entry& entry : value.node().entries) {
        const Value header = value.at(entry);
        if (!header_name(entry.key)) value.problems().error(entry.mark, header.path(), "this is no header name");
        if (auto text = type::SecretText{}(header)) headers.emplace(entry.key, *std::move(text));
    }
    return headers;
}

/// Of every protocol.
constexpr std::array<std::string_view, 7> own_body_keys{"messages", "model",        "stream",    "stream_options",
                                                        "logprobs", "top_logprobs", "max_tokens"};

bool is_one_of(std::span<const std::string_view> keys, const std::string& key) {
    return std::find(keys.begin(), keys.end(), key) != keys.end();
}

std::optional<std::string> read_extra_body(const Value& value, std::span<const std::string_view> more_own_keys) {
    if (!value.is_map()) return value.expected("a map");
    for (const Node::Entry& entry : value.node().entries) {
        if (!is_one_of(own_body_keys, entry.key) && !is_one_of(more_own_keys, entry.key)) continue;
        value.problems().error(entry.mark, value.at(entry).path(),
                               fmt::format("'{}' is set by the request itself", entry.key));
    }
    return to_json(value.node()).dump();
}

/// May hold a password, so it is never shown.
std::optional<std::string> read_proxy(const Value& value) {
    const auto text = type::SecretText{}(value);
    if (!text || *text == "none") return text;
    constexpr std::string_view scheme = "http://";
    const std::string_view host = host_of(*text, scheme.size());
    const bool url = text->starts_with(scheme) && !host.empty() && !host.ends_with('@') &&
                     text->find_first_of(" \t?#") == std::string::npos;
    if (url) return text;
    value.error("expected none, or a proxy such as http://proxy.example.com:3128");
    return std::nullopt;
}

void read_path(Fields& fields, std::string_view key, std::string& target) {
    if (std::string path; fields.optional(key, type::Text{}, path))
        target = resolved(fields.value().node().find(key)->mark, path).string();
}

void read_connection(Fields& fields, ConnectionSettings& connection) {
    read_path(fields, "ca_file", connection.ca_file);
    read_path(fields, "client_certificate", connection.client_certificate);
    read_path(fields, "client_key", connection.client_key);
    read_path(fields, "unix_socket", connection.unix_socket);
    fields.optional("proxy", read_proxy, connection.proxy);
    if (fields.has("client_key") && !fields.has("client_certificate"))
        fields.value().at("client_key").error("there is no 'client_certificate' that this is the key of");
    if (fields.has("unix_socket") && fields.has("proxy"))
        fields.value().at("proxy").error("both 'unix_socket' and 'proxy'; one of them is meant");
    if (connection.client_key.empty()) connection.client_key = connection.client_certificate;
}

}  // namespace

void read_server(Fields& fields, ServerSettings& settings, std::span<const std::string_view> more_own_keys) {
    fields.required("model", type::Text{}, settings.model);
    fields.optional("base_url", read_base_url, settings.base_url);
    if (std::string key; fields.optional("api_key", type::SecretText{}, key)) settings.api_key = Secret(std::move(key));
    fields.optional("extra_headers", read_headers, settings.headers);
    fields.hint("headers", "it is called 'extra_headers'");
    fields.optional(
        "extra_body", [&](const Value& value) { return read_extra_body(value, more_own_keys); }, settings.extra_body);
    read_connection(fields, settings.connection);
    fields.optional("timeout", read_timeouts, settings.timeouts);
    fields.optional("retry", type::Retry{settings.retry}, settings.retry);
    fields.optional("circuit", read_circuit, settings.circuit);
    fields.optional("limits", read_rate_limits, settings.limits);
    fields.optional("hedge", read_hedge, settings.hedge);
}

}  // namespace enough
