#include "field_types.hpp"
#include "loading.hpp"
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

constexpr std::array<std::string_view, 7> own_body_keys{"messages", "model",        "stream",    "stream_options",
                                                        "logprobs", "top_logprobs", "max_tokens"};

std::optional<std::string> read_base_url(const Value& value) {
    auto url = type::Text{}(value);
    if (!url) return std::nullopt;
    const std::size_t scheme = url->starts_with("https://") ? 8 : url->starts_with("http://") ? 7 : 0;
    const std::string_view host = std::string_view(*url).substr(scheme, url->find('/', scheme) - scheme);
    if (scheme == 0 || host.empty() || url->find_first_of(" \t\r\n") != std::string::npos)
        return value.expected("a URL such as http://127.0.0.1:8080/v1");
    if (host.find('@') != std::string_view::npos) {
        value.error("a URL with a user or password; use 'api_key' or 'headers'");
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

std::optional<std::string> read_extra_body(const Value& value) {
    if (!value.is_map()) return value.expected("a map");
    for (const Node::Entry& entry : value.node().entries) {
        if (std::find(own_body_keys.begin(), own_body_keys.end(), entry.key) == own_body_keys.end()) continue;
        value.problems().error(entry.mark, value.at(entry).path(),
                               fmt::format("'{}' is set by the request itself", entry.key));
    }
    return to_json(value.node()).dump();
}

}  // namespace

std::optional<ProviderSettings> read_openai(Fields& fields, const Loading&) {
    OpenAiSettings settings;
    fields.required("model", type::Text{}, settings.model);
    fields.optional("base_url", read_base_url, settings.base_url);
    if (std::string key; fields.optional("api_key", type::SecretText{}, key)) settings.api_key = Secret(std::move(key));
    fields.optional("headers", read_headers, settings.headers);
    fields.optional("extra_body", read_extra_body, settings.extra_body);
    if (std::string path; fields.optional("ca_file", type::Text{}, path))
        settings.connection.ca_file = resolved(fields.value().node().find("ca_file")->mark, path).string();
    fields.optional("max_tokens_field", type::Text{}, settings.max_tokens_field);
    fields.optional("timeout", read_timeouts, settings.timeouts);
    fields.optional("retry", type::Retry{settings.retry}, settings.retry);
    fields.optional("limits", read_rate_limits, settings.limits);
    fields.optional("logprobs", type::Boolean{}, settings.logprobs);
    fields.optional("hedge", read_hedge, settings.hedge);
    return settings;
}

}  // namespace enough
