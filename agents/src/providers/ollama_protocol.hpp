#pragma once

#include "providers/http_protocol.hpp"

#include <enough/agents/settings.hpp>

#include <memory>

namespace enough {

/// Ollama's own interface (https://docs.ollama.com/api/chat); a base URL that ends in `/v1` or `/api` means the server
/// it belongs to. Throws `std::invalid_argument` for settings that can never work.
std::unique_ptr<HttpProtocol> make_ollama_protocol(OpenAiSettings settings);

}  // namespace enough
