#pragma once

#include "providers/http_protocol.hpp"

#include <enough/agents/settings.hpp>

#include <memory>

namespace enough {

/// Google's Gemini API (https://ai.google.dev/api/generate-content). Current models refuse logprobs, so none are asked
/// for. Throws `std::invalid_argument` for settings that can never work.
std::unique_ptr<HttpProtocol> make_gemini_protocol(GeminiSettings settings);

}  // namespace enough
