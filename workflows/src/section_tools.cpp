#include "field_types.hpp"
#include "loading.hpp"
#include "scalar.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace enough {
namespace {

bool is_url(std::string_view text) {
    const std::size_t scheme = text.starts_with("https://") ? 8 : text.starts_with("http://") ? 7 : 0;
    const std::string_view host = text.substr(scheme, text.find_first_of("/?#", scheme) - scheme);
    return scheme != 0 && !host.empty() && host.find('@') == std::string_view::npos &&
           text.find_first_of(" \t\r\n#") == std::string_view::npos;
}

std::optional<std::string> read_url(const Value& value) {
    auto url = type::Text{}(value);
    if (!url) return std::nullopt;
    if (!is_url(*url)) return value.expected("a URL such as http://127.0.0.1:3000/mcp, without user and fragment");
    return url;
}

/// Names with values that are never shown. `fits`: is it such a name?
template <class Fits>
std::optional<std::map<std::string, std::string>> read_secrets(const Value& value, const char* what, const Fits& fits,
                                                               std::vector<Secret>& secrets) {
    if (!value.is_map()) return value.expected("a map of texts");
    std::map<std::string, std::string> result;
    for (const Node::Entry& entry : value.node().entries) {
        const Value at = value.at(entry);
        if (!fits(entry.key)) value.problems().error(entry.mark, at.path(), std::string("this is no ") + what);
        if (auto text = type::SecretText{}(at)) result.emplace(entry.key, *std::move(text));
        for (const std::string& secret : entry.value.secrets)
            secrets.emplace_back(secret);
    }
    return result;
}

bool is_header(std::string_view name) {
    return !name.empty() && std::all_of(name.begin(), name.end(),
                                        [](char c) { return c == '-' || is_identifier(std::string("_") + c); });
}

void read_server(const std::string& name, const Value& value, Loading& loading) {
    Fields fields(value);
    ToolServerSettings server;
    const bool program = fields.has("command");
    if (fields.usable() && program == fields.has("url") && !value.node().incomplete)
        value.error(program ? "both 'command' and 'url'; one of them is meant" : "one of 'command', 'url' is missing");
    fields.optional("command", type::OneOrList<type::Text>{{}, "a program, or a list of it and its arguments"},
                    server.command);
    fields.optional("url", read_url, server.url);
    if (program || !fields.has("url"))
        fields.optional(
            "environment",
            [&](const Value& map) { return read_secrets(map, "name of a variable", is_identifier, server.secrets); },
            server.environment);
    if (!program)
        fields.optional(
            "headers", [&](const Value& map) { return read_secrets(map, "header name", is_header, server.secrets); },
            server.headers);
    fields.optional("allow", type::List<type::Text>{{}, "a list of tools"}, server.allow);
    fields.optional("timeout", type::Duration{}, server.timeout);
    fields.hint("environment", "it belongs to a server with 'command'");
    fields.hint("headers", "it belongs to a server with 'url'");
    if (auto read = fields.finished(std::move(server))) loading.workflow.tools.emplace(name, *std::move(read));
}

}  // namespace

void read_tools(const Value& section, Loading& loading) {
    each_name(section, [&](const std::string& name, const Value& value) { read_server(name, value, loading); });
}

}  // namespace enough
