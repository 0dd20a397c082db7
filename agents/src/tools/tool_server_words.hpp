#pragma once

#include "providers/server_text.hpp"
#include "redaction.hpp"

#include <enough/agents/failure.hpp>
#include <enough/agents/settings.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace enough {

/// How a server is spoken of in failures: by the name of its program or the origin of its URL. What it says itself is
/// shown in excerpts, without the secrets of its settings.
class ToolServerWords {
public:
    explicit ToolServerWords(const ToolServerSettings& settings);

    /// "tool server NAME <message>".
    Failure failure(FailureKind kind, std::string_view message) const;
    Failure located(Failure failure) const;
    Failure timed_out(const std::string& method) const;
    std::string excerpt(std::string_view text) const { return text_.excerpt(text); }

    /// What a tool says, whole, without `ToolServerSettings::secrets`: it goes on to a model, and into logs.
    std::string said(std::string text) const { return redaction_(std::move(text)); }

private:
    std::string who_;
    ServerText text_;
    Redaction redaction_;
};

}  // namespace enough
