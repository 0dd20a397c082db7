// Any bytes are read as the body of a chat completion: either they are refused as a client's mistake, in an error
// object that is JSON, or the request keeps what its header promises, and gives inputs that fit the workflow, or again
// a refusal.
#include "serve/chat_request.hpp"

#include <enough/workflows/inputs.hpp>
#include <enough/workflows/load.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace {

using namespace enough;

const Workflow& served() {
    static const std::shared_ptr<const Workflow> workflow = parse_workflow(R"yaml(
version: 1
inputs:
  question: {type: string}
  messages: {type: list, default: []}
  depth: {type: integer, default: 1}
  strict: {type: boolean, default: false}
models: {m: {provider: scripted, answers: [{text: a}]}}
agents: {a: {model: m}}
serve: {allow: [temperature, stop]}
steps: [{id: s, agent: a, prompt: "{{ inputs.question }}"}]
)yaml");
    return *workflow;
}

void require(bool holds) {
    if (!holds) std::abort();
}

void check(const ApiError& error) {
    require(error.status == 400 && !error.message.empty());
    require(nlohmann::json::parse(error_json(error))["error"]["message"].is_string());
}

void check(const ChatRequest& request) {
    require(request.messages.is_array() && !request.messages.empty() && request.metadata.is_object());
    require(request.stream || !request.include_usage);
    const Sampling& sampling = request.sampling;
    require(!sampling.temperature || (*sampling.temperature >= 0 && *sampling.temperature <= 2));
    require(!sampling.top_p || (*sampling.top_p >= 0 && *sampling.top_p <= 1));
    require(!sampling.max_tokens || *sampling.max_tokens >= 1);
    for (const std::string& stop : sampling.stop)
        require(!stop.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto read = read_chat_request(std::string(reinterpret_cast<const char*>(data), size));
    if (const auto* error = std::get_if<ApiError>(&read)) return check(*error), 0;
    auto& request = std::get<ChatRequest>(read);
    check(request);
    ignore_settings(served(), request);
    const auto inputs = chat_inputs(served(), request);
    if (const auto* error = std::get_if<ApiError>(&inputs)) return check(*error), 0;
    std::vector<std::string> faults;
    check_inputs(served(), std::get<nlohmann::json>(inputs), faults);
    require(faults.empty());
    return 0;
}
