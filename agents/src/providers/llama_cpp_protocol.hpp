#pragma once

#include "providers/http_protocol.hpp"

#include <enough/agents/settings.hpp>

#include <memory>

namespace enough {

/// The own interface of llama.cpp's server: `/apply-template` makes a prompt of the messages, `/completion` answers it.
/// A base URL that ends in `/v1` means the server it belongs to. Has no tools. Throws `std::invalid_argument` for
/// settings that can never work.
std::unique_ptr<HttpProtocol> make_llama_cpp_protocol(OpenAiSettings settings);

}  // namespace enough
