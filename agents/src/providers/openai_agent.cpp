#include "providers/openai_agent.hpp"

#include "providers/http_agent.hpp"
#include "providers/openai_chat.hpp"

#include <stdexcept>
#include <utility>

namespace enough {

std::unique_ptr<Agent> make_openai_agent(OpenAiSettings settings, asio::any_io_executor executor) {
    if (settings.api != OpenAiApi::chat) throw std::invalid_argument("this api is not there yet");
    auto protocol = std::make_unique<OpenAiChat>(settings);
    return make_http_agent(std::move(protocol), std::move(settings), std::move(executor));
}

}  // namespace enough
