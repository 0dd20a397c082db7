#pragma once

#include "providers/http_protocol.hpp"

#include <enough/agents/settings.hpp>

#include <memory>

namespace enough {

/// OpenAI's Responses API (https://platform.openai.com/docs/api-reference/responses/create), asked so that nothing is
/// stored. It has neither `seed` nor `stop`; they are not sent. Throws `std::invalid_argument` for settings that can
/// never work.
std::unique_ptr<HttpProtocol> make_responses_protocol(OpenAiSettings settings);

}  // namespace enough
