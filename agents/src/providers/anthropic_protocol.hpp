#pragma once

#include "providers/http_protocol.hpp"

#include <enough/agents/settings.hpp>

#include <memory>

namespace enough {

/// Anthropic's Messages API (https://platform.claude.com/docs/en/api/messages). It gives no logprobs and has no seed;
/// neither is asked for. Throws `std::invalid_argument` for settings that can never work.
std::unique_ptr<HttpProtocol> make_anthropic_protocol(AnthropicSettings settings);

}  // namespace enough
