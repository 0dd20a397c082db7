#include "secrets.hpp"

#include "field_types.hpp"
#include "loading.hpp"
#include "scalar.hpp"
#include "sources.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace enough {
namespace {

constexpr std::size_t shortest = 8;  ///< anything shorter could not be told from ordinary words in what is printed
constexpr std::size_t largest_file = 64 << 10;

std::optional<std::string> read_variable_name(const Value& value) {
    auto name = type::Text{}(value);
    if (name && !is_identifier(*name)) return value.expected("the name of a variable");
    return name;
}

std::optional<std::string> from_environment(const Value& value, const Environment& environment) {
    const auto name = read_variable_name(value);
    if (!name) return std::nullopt;
    auto secret = environment(*name);
    if (secret && !secret->empty()) return secret;
    value.error(fmt::format("variable {} is {}", *name, secret ? "empty" : "not set"));
    return std::nullopt;
}

std::optional<std::string> from_file(const Value& value, FileSource& files) {
    const auto path = type::Text{}(value);
    if (!path) return std::nullopt;
    FileText file = files.read_secret(resolved(value.mark(), *path), largest_file);
    if (!file.text) {
        value.error(fmt::format("file {}: {}", shown(value.node()), file.fault));
        return std::nullopt;
    }
    while (file.text->ends_with('\n') || file.text->ends_with('\r'))
        file.text->pop_back();
    return std::move(file.text);
}

std::optional<std::string> read_secret(const Value& value, const Environment& environment, FileSource& files) {
    Fields fields(value);
    const auto variable = fields.take("env");
    const auto file = fields.take("file");
    if (fields.usable() && variable.has_value() == file.has_value() && !value.node().incomplete)
        value.error(variable ? "both 'env' and 'file'; one of them is meant" : "one of 'env', 'file' is missing");
    auto secret = variable ? from_environment(*variable, environment) : file ? from_file(*file, files) : std::nullopt;
    fields.finish();
    if (secret && secret->size() < shortest) {
        value.error(
            fmt::format("the secret is shorter than {} characters: it could not be told from ordinary text", shortest));
        return std::nullopt;
    }
    return secret;
}

class Filling {
public:
    Filling(const Node* section, const Environment& environment, FileSource& files, Problems& problems)
        : problems_(problems) {
        if (section == nullptr) return;
        const Value value(*section, "secrets", problems);
        known_.complete = value.is_map();
        each_name(value, [&](const std::string& name, const Value& secret) {
            if (!is_identifier(name)) secret.error("is no name for a secret; use letters, digits and '_'");
            known_.names.push_back(name);
            values_[name] = read_secret(secret, environment, files);
        });
    }

    void models(Node& section) {
        each(section, "models", [this](Node& model, const std::string& path) {
            for (Node::Entry& entry : model.entries) {
                const std::string at = path + "." + entry.key;
                if (entry.key == "api_key" || entry.key == "proxy")
                    fill(entry.value, at);
                else if (entry.key == "extra_headers")
                    fill_map(entry.value, at);
                else if (!is_extension(entry.key))
                    refuse(entry.value, at, entry.key == "extra_body");
            }
        });
    }

    void tools(Node& section) {
        each(section, "tools", [this](Node& server, const std::string& path) {
            for (Node::Entry& entry : server.entries) {
                const std::string at = path + "." + entry.key;
                if (entry.key == "headers" || entry.key == "environment")
                    fill_map(entry.value, at);
                else if (!is_extension(entry.key))
                    refuse(entry.value, at, false);
            }
        });
    }

    /// `free_keys`: `x-…` keys are no extensions here.
    void refuse(Node& node, const std::string& path, bool free_keys) {
        // A step may be called secrets; then its name follows a dot.
        static const RE2 reference(R"(\{\{(?:[^}]*[^}.\w])?secrets\s*[.\[])");
        if (node.kind == NodeKind::scalar && RE2::PartialMatch(node.text, reference))
            problems_.error(node.mark, path, secret_out_of_place);
        for (std::size_t i = 0; i < node.items.size(); ++i)
            refuse(node.items[i], fmt::format("{}[{}]", path, i), free_keys);
        for (Node::Entry& entry : node.entries)
            if (free_keys || !is_extension(entry.key)) refuse(entry.value, path + "." + entry.key, free_keys);
    }

private:
    template <class Visit>
    static void each(Node& section, const std::string& name, const Visit& visit) {
        for (Node::Entry& entry : section.entries)
            if (!is_extension(entry.key)) visit(entry.value, name + "." + entry.key);
    }

    void fill_map(Node& map, const std::string& path) {
        for (Node::Entry& entry : map.entries)
            fill(entry.value, path + "." + entry.key);
    }

    void fill(Node& node, const std::string& path) {
        static const RE2 reference(R"((?s)(.*?)\{\{\s*secrets\.([A-Za-z_][A-Za-z0-9_]*)\s*\}\})");
        if (node.kind != NodeKind::scalar || node.broken || node.text.find("{{") == std::string::npos) return;
        re2::StringPiece rest(node.text);
        std::string filled, plain, before, name;  // plain: what stands around the references
        const Value value(node, path, problems_);
        bool known = true;
        while (RE2::Consume(&rest, reference, &before, &name)) {
            const auto found = values_.find(name);
            if (found == values_.end()) report_unknown_name(value, known_, name);
            known = known && found != values_.end() && found->second.has_value();
            filled += before + (known ? *found->second : "");
            if (known) node.secrets.push_back(*found->second);
            plain += before;
        }
        plain.append(rest.data(), rest.size());
        if (plain.find("{{") != std::string::npos) {
            value.error("only {{ secrets.NAME }} is filled in here");
            known = false;
        }
        filled.append(rest.data(), rest.size());
        if (node.variable.empty()) node.variable = node.text;
        node.text = std::move(filled);
        node.broken = !known;
    }

    Problems& problems_;
    Names known_{"secret", {}, true};
    std::map<std::string, std::optional<std::string>> values_;  ///< absent: it can't be had, which was reported
};

void leave(Node& node) {
    if (node.kind == NodeKind::scalar && node.text.find("{{") != std::string::npos) node.unset = true;
    for (Node& item : node.items)
        leave(item);
    for (Node::Entry& entry : node.entries)
        leave(entry.value);
}

}  // namespace

void leave_secrets(Node& root) {
    for (const char* section : {"models", "tools"})
        if (Node* node = root.find(section)) leave(*node);
}

void fill_secrets(Node& root, const Environment& environment, FileSource& files, Problems& problems) {
    if (root.kind != NodeKind::map) return;
    Filling filling(root.find("secrets"), environment, files, problems);
    for (Node::Entry& section : root.entries) {
        if (section.key == "secrets" || is_extension(section.key)) continue;
        if (section.key == "models")
            filling.models(section.value);
        else if (section.key == "tools")
            filling.tools(section.value);
        else
            filling.refuse(section.value, section.key, false);
    }
}

}  // namespace enough
