#include "tools/tool_server_words.hpp"

#include "failure_kind.hpp"
#include "net/url.hpp"
#include "redaction.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

namespace enough {
namespace {

/// An ordinary value, a path say, may well stand in what a tool says.
std::vector<std::string> told_secrets(const ToolServerSettings& settings) {
    std::vector<std::string> out;
    for (const Secret& secret : settings.secrets)
        out.push_back(secret.reveal());
    return out;
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
    : who_("tool server " + name_of(settings)), text_(secrets_of(settings)), redaction_(told_secrets(settings)) {}

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
