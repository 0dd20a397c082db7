#pragma once

#include <enough/agents/agent.hpp>
#include <enough/agents/settings.hpp>
#include <enough/agents/tool.hpp>

#include <memory>
#include <string>
#include <vector>

namespace enough {

/// What must never be printed of a model: its key, the values of its headers, its proxy's user and password. Long words
/// of a header stand there on their own, too: the token after `Bearer`.
std::vector<std::string> secrets_of(const ServerSettings& settings);

/// The same of a server of tools: values of its environment and headers, and the query of its URL.
std::vector<std::string> secrets_of(const ToolServerSettings& settings);

/// Takes our own secrets out of what others say: servers repeat them in errors, tools in what they print.
class Redaction {
public:
    Redaction() = default;
    explicit Redaction(std::vector<std::string> secrets);

    /// `text` with `***` in place of every secret.
    std::string operator()(std::string text) const;

private:
    std::vector<std::string> secrets_;  ///< longest first: one may be a part of another
};

/// Takes the secrets out of whatever a model's server says besides its answer: messages of failures, the names it gives
/// its model and build. What the model wrote is left as it is.
std::unique_ptr<Agent> make_redacting_agent(std::unique_ptr<Agent> agent, Redaction redaction);

}  // namespace enough
