// Feeds the client of the Model Context Protocol with lines of a server: messages, pages of tools, results of calls.
#include "net/line_buffer.hpp"
#include "tools/json_rpc.hpp"
#include "tools/mcp_messages.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace enough;

constexpr std::size_t most_bytes = 64;

void read_result(const RpcJson& result) {
    (void)mcp_chosen_version(result);
    if (const auto page = mcp_tool_page(result)) {
        for (const auto& tool : page->tools) {
            if (tool.name.empty() || !RpcJson::parse(tool.parameters).is_object()) std::abort();
        }
    }
    const auto called = mcp_tool_result(result, most_bytes);
    if (called && called->content.size() > most_bytes + 100) std::abort();
}

void read_line(const std::string& line) {
    const auto messages = parse_rpc(line);
    if (!messages) return;
    for (const auto& message : *messages) {
        if (const auto* response = std::get_if<RpcResponse>(&message)) {
            if (const auto* result = std::get_if<RpcJson>(&response->reply)) read_result(*result);
        }
        if (const auto* request = std::get_if<RpcRequest>(&message)) {
            const auto answered = parse_rpc(rpc_answer(*request));
            if (!answered) std::abort();
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    LineBuffer lines(4096);
    for (std::size_t at = 0; at < input.size(); at += 7) {
        const bool fits = lines.feed(input.substr(at, 7));
        while (const auto line = lines.next()) {
            if (line->find('\n') != std::string::npos) std::abort();
            read_line(*line);
        }
        if (!fits) break;
    }
    read_line(std::string(input));
    return 0;
}
