#include "tools/tool_server_words.hpp"

#include "failure_kind.hpp"
#include "net/url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace enough {
namespace {

constexpr std::size_t long_enough = 8;  // for a word of a value to be the secret itself: the token after "Bearer"

void add_secrets(std::vector<std::string>& out, const std::string& value) {
    out.push_back(value);
    for (std::size_t at = 0; at < value.size();) {
        const auto begin = value.find_first_not_of(" &=?", at);
        if (begin == std::string::npos) return;
        at = std::min(value.find_first_of(" &=?", begin), value.size());
        if (at - begin >= long_enough) out.push_back(value.substr(begin, at - begin));
    }
}

ServerText make_text(const ToolServerSettings& settings) {
    std::vector<std::string> secrets;
    for (const auto& [_, value] : settings.environment)
        add_secrets(secrets, value);
    for (const auto& [_, value] : settings.headers)
        add_secrets(secrets, value);
    const auto query = settings.url.find('?');
    if (query != std::string::npos) add_secrets(secrets, settings.url.substr(query + 1));
    return ServerText(std::move(secrets));
}

std::string name_of(const ToolServerSettings& settings) {
    if (!settings.command.empty()) {
        const auto& program = settings.command.front();
        return program.substr(program.rfind('/') + 1);
    }
    const auto url = parse_url(settings.url);
    if (!url) return "without a URL";
    return (url->origin.tls ? "https://" : "http://") + url->origin.authority();
}

}  // namespace

ToolServerWords::ToolServerWords(const ToolServerSettings& settings)
    : who_("tool server " + name_of(settings)), text_(make_text(settings)) {}

Failure ToolServerWords::failure(FailureKind kind, std::string_view message) const {
    return make_failure(kind, fmt::format("{} {}", who_, message));
}

Failure ToolServerWords::located(Failure failure) const {
    failure.message = fmt::format("{}: {}", who_, failure.message);
    return failure;
}

Failure ToolServerWords::timed_out(const std::string& method) const {
    return failure(FailureKind::timeout,
                   fmt::format("did not answer {} in time; raise its timeout if it is just slow", method));
}

}  // namespace enough
