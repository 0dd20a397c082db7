#include <enough/workflows/pin_edit.hpp>

#include "include.hpp"
#include "loading.hpp"
#include "problems.hpp"
#include "sources.hpp"
#include "substitute.hpp"
#include "tree_json.hpp"
#include "yaml_tree.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <optional>
#include <string_view>
#include <utility>

namespace enough {
namespace {

constexpr std::size_t longest_name = 200;

/// Where a mark stands in the text; columns count characters.
std::optional<std::size_t> offset_of(std::string_view text, const Mark& mark) {
    std::size_t at = text.starts_with("\xEF\xBB\xBF") ? 3 : 0;
    for (int line = 1; line < mark.line; ++line) {
        at = text.find('\n', at);
        if (at == std::string_view::npos) return std::nullopt;
        ++at;
    }
    for (int column = 1; column < mark.column; ++column) {
        if (at >= text.size()) return std::nullopt;
        ++at;
        while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80)
            ++at;
    }
    return at < text.size() ? std::optional(at) : std::nullopt;
}

/// Behind the `}` that closes the map which begins at `at`; quoted text and comments are passed over.
std::optional<std::size_t> end_of_flow(std::string_view text, std::size_t at) {
    int depth = 0;
    for (; at < text.size(); ++at) {
        const char c = text[at];
        if (c == '{' || c == '[') ++depth;
        if ((c == '}' || c == ']') && --depth == 0) return at + 1;
        if (c == '#' && (text[at - 1] == ' ' || text[at - 1] == '\n')) {
            at = text.find('\n', at);
            if (at == std::string_view::npos) return std::nullopt;
        }
        if (c != '"' && c != '\'') continue;
        const auto begin = at;
        for (++at; at < text.size() && text[at] != c; ++at)
            if (c == '"' && text[at] == '\\') ++at;
        if (at >= text.size() || begin == at) return std::nullopt;
    }
    return std::nullopt;
}

/// Behind the last line that is indented deeper than the key at `key`.
std::size_t end_of_block(std::string_view text, std::size_t key, int column) {
    std::size_t end = std::min(text.find('\n', key), text.size());
    for (std::size_t begin = end + 1; begin < text.size();) {
        const std::size_t line_end = std::min(text.find('\n', begin), text.size());
        const std::string_view line = text.substr(begin, line_end - begin);
        const auto indent = line.find_first_not_of(" \r");
        if (indent != std::string_view::npos) {
            if (std::cmp_less(indent, column)) break;
            if (line[indent] != '#') end = line_end;
        }
        begin = line_end + 1;
    }
    while (end > key && text[end - 1] == '\r')
        --end;
    return end;
}

const Node::Entry* entry_of(const Node& map, std::string_view key) {
    for (const Node::Entry& entry : map.entries)
        if (entry.key == key) return &entry;
    return nullptr;
}

const Node* model_in(const Node& root, const std::string& model) {
    const Node* section = root.find("models");
    const Node* found = section == nullptr ? nullptr : section->find(model);
    return found != nullptr && found->kind == NodeKind::map && !found->entries.empty() ? found : nullptr;
}

/// The text with the pin in place of the one that is there, or before the model's first key.
std::optional<std::string> with_pin(std::string text, const Node& model, const std::string& pin) {
    if (const Node::Entry* old = entry_of(model, "evidence")) {
        const auto key = offset_of(text, old->mark);
        const auto value = offset_of(text, old->value.mark);
        if (!key || !value || *value <= *key) return std::nullopt;
        const auto end =
            text[*value] == '{' ? end_of_flow(text, *value) : std::optional(end_of_block(text, *key, old->mark.column));
        if (!end || *end <= *key) return std::nullopt;
        return text.replace(*key, *end - *key, pin);
    }
    const auto first = offset_of(text, model.entries.front().mark);
    if (!first) return std::nullopt;
    const std::size_t line = text.rfind('\n', *first) + 1;  // npos + 1 is 0
    const std::string indent = text.substr(line, *first - line);
    if (indent.find_first_not_of(' ') != std::string::npos) return text.insert(*first, pin + ", ");
    const auto start = offset_of(text, model.mark);
    if (start && text[*start] == '{') return text.insert(*first, pin + ", ");
    const bool dos = line > 1 && text[line - 2] == '\r';
    return text.insert(*first, pin + (dos ? "\r\n" : "\n") + indent);
}

nlohmann::json without_pin(const Node& root, const std::string& model) {
    nlohmann::json tree = to_json(root);
    tree["models"][model].erase("evidence");
    return tree;
}

std::optional<Node> parsed(const std::string& text) {
    Problems problems;
    auto root = parse_yaml(text, nullptr, problems);
    return problems.errors() == 0 ? std::move(root) : std::nullopt;
}

/// Does the new text say what the old one said, and the pin?
bool holds(const std::string& text, const Node& before, const std::string& model, const EvidencePin& pin) {
    auto after = parsed(text);
    if (!after || model_in(*after, model) == nullptr) return false;
    if (without_pin(*after, model) != without_pin(before, model)) return false;
    Problems problems;
    substitute(*after, [](const std::string&) { return std::optional<std::string>("x"); }, Unset::refused, problems);
    const Node* written = model_in(*after, model)->find("evidence");
    return written != nullptr && read_evidence_pin(Value(*written, "", problems)) == pin;
}

/// The file where the model stands; nothing if the workflow has no such model.
std::optional<std::filesystem::path> file_of(const std::filesystem::path& workflow_file, const std::string& model,
                                             const Environment& environment) {
    const FileText read = read_file(workflow_file, YamlLimits{}.file_bytes, FileKinds::regular);
    if (!read.text) return std::nullopt;
    Disk disk;
    SharedLoad shared{environment, disk};
    Sources sources(disk);
    const auto source = sources.add(workflow_file.string(), workflow_file.parent_path());
    auto root = parse_yaml(*read.text, source, shared.problems);
    if (!root) return std::nullopt;
    substitute(*root, environment, Unset::refused, shared.problems);
    include_files(*root, workflow_file, sources, shared);
    const Node* found = model_in(*root, model);
    if (found == nullptr || !found->mark.source) return std::nullopt;
    return std::filesystem::path(found->mark.source->name);
}

}  // namespace

std::string pin_text(const EvidencePin& pin) {
    std::string text = fmt::format("evidence: {{k: {}", pin.k);
    if (!pin.streamed) text += ", streamed: false";
    if (pin.mode != LogprobMode::unknown) text += fmt::format(", mode: {}", name(pin.mode));
    if (pin.reasoning != ReasoningEvidence::unknown) text += fmt::format(", reasoning: {}", name(pin.reasoning));
    if (pin.usage) text += ", usage: true";
    if (!pin.model.empty()) {
        std::string quoted;
        for (const char c : nlohmann::json(pin.model).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace))
            quoted += c == '$' ? "$$" : std::string(1, c);
        text += ", model: " + quoted;
    }
    return text + "}";
}

std::variant<PinEdit, std::string> edit_pin(const std::filesystem::path& workflow_file, const std::string& model,
                                            const EvidencePin& pin, const Environment& environment) {
    const auto file = file_of(workflow_file, model, environment);
    if (!file) return fmt::format("model '{}' was not found in {}", model, workflow_file.string());
    const FileText read = read_file(*file, YamlLimits{}.file_bytes, FileKinds::regular);
    if (!read.text) return fmt::format("{}: {}", file->string(), read.fault);
    const auto before = parsed(*read.text);
    const Node* found = before ? model_in(*before, model) : nullptr;
    if (found == nullptr || pin.model.size() > longest_name)
        return fmt::format("model '{}' in {} is not written so that a line can be put in", model, file->string());
    auto text = with_pin(*read.text, *found, pin_text(pin));
    if (text && holds(*text, *before, model, pin)) return PinEdit{*file, *std::move(text)};
    return fmt::format("model '{}' in {} is not written so that a line can be put in", model, file->string());
}

}  // namespace enough
