#include "yaml_tree.hpp"

#include "problems.hpp"
#include "scalar.hpp"
#include "utf8.hpp"
#include "yaml_builder.hpp"

#include <fmt/format.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>

namespace enough {
namespace {

/// yaml-cpp's messages say what its scanner wanted; these say what the author can do.
std::string explained(const std::string& message, std::string_view line) {
    const std::size_t indent = line.find_first_not_of(" \t");
    if (line.substr(0, indent == std::string_view::npos ? line.size() : indent).find('\t') != std::string_view::npos)
        return "not valid YAML: a tab in the indentation; use spaces";
    if (message == YAML::ErrorMsg::MAP_VALUE)
        return "not valid YAML: no key can stand here; check the indentation, and put text with ': ' in quotes";
    if (message == YAML::ErrorMsg::END_OF_MAP || message == YAML::ErrorMsg::END_OF_SEQ)
        return "not valid YAML: this does not continue the lines above; check the indentation";
    if (message == YAML::ErrorMsg::END_OF_MAP_FLOW) return "not valid YAML: '{' without its '}'";
    if (message == YAML::ErrorMsg::END_OF_SEQ_FLOW) return "not valid YAML: '[' without its ']'";
    if (message == YAML::ErrorMsg::EOF_IN_SCALAR) return "not valid YAML: the text's closing quote is missing";
    return "not valid YAML: " + message;
}

class Document {
public:
    Document(std::string_view text, std::shared_ptr<const SourceFile> source, Problems& problems)
        : lines_(text), source_(std::move(source)), problems_(problems) {}

    std::optional<Node> parse(std::string_view text, const YamlLimits& limits) {
        if (!readable(text, limits)) return std::nullopt;
        std::istringstream stream{std::string(text)};
        YamlBuilder builder(lines_, source_, problems_, limits);
        try {
            YAML::Parser parser(stream);
            if (!parser.HandleNextDocument(builder) || builder.blank()) {
                report(1, 1, "the file is empty");
                return std::nullopt;
            }
            builder.expect_end();
            parser.HandleNextDocument(builder);
        } catch (const YamlBuilder::Stop&) {
            return std::nullopt;
        } catch (const YAML::Exception& fault) {
            const int line = std::max(fault.mark.line, 0);
            report(line + 1, lines_.column(line, fault.mark.column), explained(fault.msg, lines_.line(line)));
            return std::nullopt;
        }
        return builder.take();
    }

private:
    bool readable(std::string_view text, const YamlLimits& limits) {
        if (text.size() > limits.file_bytes) {
            report(1, 1, fmt::format("the file is larger than {} bytes", limits.file_bytes));
            return false;
        }
        if (const auto offset = invalid_utf8(text)) return refuse_byte(text, *offset, "the text is not UTF-8");
        const auto control = std::find_if(text.begin(), text.end(), [](char c) {
            const auto byte = static_cast<unsigned char>(c);
            return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7F;
        });
        if (control == text.end()) return true;
        return refuse_byte(text, static_cast<std::size_t>(control - text.begin()),
                           "a control character, which YAML does not allow");
    }

    bool refuse_byte(std::string_view text, std::size_t offset, const std::string& what) {
        const std::string_view before = text.substr(0, offset);
        const auto line = static_cast<int>(std::count(before.begin(), before.end(), '\n'));
        const std::size_t start = before.rfind('\n') + 1;  // npos + 1 is 0
        report(line + 1, static_cast<int>(utf8_length(before.substr(start))) + 1, what);
        return false;
    }

    void report(int line, int column, std::string message) {
        problems_.error(Mark{source_, line, column}, "", std::move(message));
    }

    Lines lines_;
    std::shared_ptr<const SourceFile> source_;
    Problems& problems_;
};

}  // namespace

const Node* Node::find(std::string_view key) const {
    const auto it = std::find_if(entries.begin(), entries.end(), [&](const Entry& entry) { return entry.key == key; });
    return it == entries.end() ? nullptr : &it->value;
}

Node* Node::find(std::string_view key) {
    return const_cast<Node*>(std::as_const(*this).find(key));
}

std::optional<Node> parse_yaml(std::string_view text, const std::shared_ptr<const SourceFile>& source,
                               Problems& problems, const YamlLimits& limits) {
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    return Document(text, source, problems).parse(text, limits);
}

}  // namespace enough
