#include "providers/openai_agent.hpp"

#include "providers/http_agent.hpp"
#include "providers/llama_cpp_protocol.hpp"
#include "providers/ollama_protocol.hpp"
#include "providers/openai_chat.hpp"
#include "providers/responses_protocol.hpp"

#include <stdexcept>
#include <utility>

namespace enough {

namespace {

std::unique_ptr<HttpProtocol> protocol_of(const OpenAiSettings& settings) {
    switch (settings.api) {
        case OpenAiApi::chat:
            return std::make_unique<OpenAiChat>(settings);
        case OpenAiApi::responses:
            return make_responses_protocol(settings);
        case OpenAiApi::native:
            if (settings.profile == OpenAiProfile::ollama) return make_ollama_protocol(settings);
            if (settings.profile == OpenAiProfile::llama_cpp) return make_llama_cpp_protocol(settings);
            throw std::invalid_argument("api: native is there for the profiles ollama and llama.cpp alone");
    }
    throw std::invalid_argument("no such api");
}

}  // namespace

std::unique_ptr<Agent> make_openai_agent(OpenAiSettings settings, asio::any_io_executor executor) {
    auto protocol = protocol_of(settings);
    return make_http_agent(std::move(protocol), std::move(settings), std::move(executor));
}

}  // namespace enough
