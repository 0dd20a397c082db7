#include "tools/mcp_messages.hpp"

#include "failure_kind.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace enough {
namespace {

constexpr std::array<std::string_view, 3> spoken_versions{mcp_version, "2025-03-26", "2024-11-05"};
constexpr std::size_t longest_name = 128;
constexpr std::size_t longest_word = 200;  // of what a server says, in words of ours

Failure bad_response(std::string message) {
    return make_failure(FailureKind::bad_response, std::move(message));
}

std::string text_of(const RpcJson& object, const char* key) {
    const auto found = object.is_object() ? object.find(key) : object.end();
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// Not inside a character.
std::string_view cut_at(std::string_view text, std::size_t most) {
    if (text.size() <= most) return text;
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80)
        --most;
    return text.substr(0, most);
}

std::string word_of(const RpcJson& object, const char* key, std::string_view otherwise) {
    const auto text = text_of(object, key);
    return text.empty() ? std::string(otherwise) : std::string(cut_at(text, longest_word));
}

bool is_plain_name(const std::string& name) {
    const auto odd = [](unsigned char c) { return c <= 0x20 || c >= 0x7F; };
    return !name.empty() && name.size() <= longest_name && std::none_of(name.begin(), name.end(), odd);
}

std::size_t decoded_size(const std::string& base64) {
    const auto padding = base64.size() - std::min(base64.find_last_not_of('=') + 1, base64.size());
    return base64.size() * 3 / 4 - std::min(padding, base64.size() * 3 / 4);
}

std::string resource_in_words(const RpcJson& content) {
    const auto found = content.find("resource");
    if (found == content.end() || !found->is_object()) return "[resource]";
    const auto uri = word_of(*found, "uri", "without a name");
    const auto text = text_of(*found, "text");
    if (!text.empty()) return fmt::format("[resource {}]\n{}", uri, text);
    const auto blob = text_of(*found, "blob");
    return fmt::format("[resource {}, {}, {} bytes]", uri, word_of(*found, "mimeType", "unknown type"),
                       decoded_size(blob));
}

std::string in_words(const RpcJson& content) {
    const auto type = word_of(content, "type", "unknown");
    if (type == "text") return text_of(content, "text");
    if (type == "image" || type == "audio") {
        return fmt::format("[{} {}, {} bytes]", type, word_of(content, "mimeType", "of unknown type"),
                           decoded_size(text_of(content, "data")));
    }
    if (type == "resource") return resource_in_words(content);
    if (type == "resource_link") {
        return fmt::format("[link to {}: {}]", word_of(content, "name", "a resource"),
                           word_of(content, "uri", "nowhere"));
    }
    return fmt::format("[content of type {}]", type);
}

Result<ToolSpec> read_tool(const RpcJson& value) {
    ToolSpec tool;
    tool.name = text_of(value, "name");
    if (!is_plain_name(tool.name)) {
        return bad_response(
            fmt::format("lists a tool whose name is not 1 to {} visible ASCII characters", longest_name));
    }
    tool.description = text_of(value, "description");
    if (tool.description.empty()) tool.description = text_of(value, "title");
    const auto schema = value.find("inputSchema");
    if (schema == value.end() || !schema->is_object())
        return bad_response(fmt::format("lists the tool '{}' without an inputSchema that is an object", tool.name));
    tool.parameters = dumped(*schema);
    return tool;
}

}  // namespace

RpcJson mcp_initialize_params() {
    return {{"protocolVersion", mcp_version},
            {"capabilities", RpcJson::object()},
            {"clientInfo", {{"name", "enough"}, {"version", "0.1"}}}};
}

Result<std::string> mcp_chosen_version(const RpcJson& result) {
    const auto version = text_of(result, "protocolVersion");
    if (std::find(spoken_versions.begin(), spoken_versions.end(), version) != spoken_versions.end()) return version;
    return bad_response(fmt::format("speaks version '{}' of MCP; this program speaks {}", cut_at(version, 40),
                                    fmt::join(spoken_versions, ", ")));
}

Result<McpToolPage> mcp_tool_page(const RpcJson& result) {
    const auto list = result.is_object() ? result.find("tools") : result.end();
    if (list == result.end() || !list->is_array()) return bad_response("answered tools/list without a list of tools");
    McpToolPage page;
    for (const auto& value : *list) {
        auto tool = value.is_object() ? read_tool(value) : bad_response("lists a tool that is no object");
        if (!tool) return tool.error();
        page.tools.push_back(std::move(*tool));
    }
    const auto cursor = text_of(result, "nextCursor");
    if (!cursor.empty()) page.next_cursor = cursor;
    return page;
}

Result<ToolResult> mcp_tool_result(const RpcJson& result, std::size_t max_bytes) {
    const auto content = result.is_object() ? result.find("content") : result.end();
    const auto structured = result.is_object() ? result.find("structuredContent") : result.end();
    const bool has_content = content != result.end() && content->is_array();
    const bool has_structure = structured != result.end() && structured->is_object();
    if (!has_content && !has_structure) return bad_response("answered tools/call without content");
    ToolResult out;
    if (has_content) {
        for (const auto& part : *content) {
            const auto text = in_words(part);
            if (!out.content.empty() && !text.empty()) out.content += '\n';
            out.content += text;
        }
    }
    if (out.content.empty() && has_structure) out.content = dumped(*structured);
    const auto failed = result.find("isError");
    out.is_error = failed != result.end() && failed->is_boolean() && failed->get<bool>();
    if (out.content.size() > max_bytes) {
        const auto kept = cut_at(out.content, max_bytes);
        out.content = fmt::format("{}\n[cut: the first {} of {} bytes]", kept, kept.size(), out.content.size());
    }
    return out;
}

}  // namespace enough
