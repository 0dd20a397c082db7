#include "substitute.hpp"

#include "scalar.hpp"
#include "utf8.hpp"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>

namespace enough {
namespace {

constexpr int deepest_default = 16;

bool name_start(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool name_part(char c) {
    return name_start(c) || (c >= '0' && c <= '9');
}

/// The offset of the `}` that closes the `${` before `at`.
std::optional<std::size_t> closing_brace(std::string_view text, std::size_t at) {
    int depth = 1;
    for (; at < text.size(); ++at) {
        if (text.substr(at).starts_with("${")) ++depth;
        if (text[at] == '}' && --depth == 0) return at;
    }
    return std::nullopt;
}

/// Expands one scalar. `fault` says what is wrong with it.
class Expansion {
public:
    Expansion(const Environment& environment, Unset without_value) : environment_(environment), unset_(without_value) {}

    std::string expand(std::string_view text, int depth = 0) {
        std::string result;
        for (std::size_t at = 0; at < text.size() && !fault;) {
            const std::string_view rest = text.substr(at);
            if (rest.starts_with("$$")) {
                result += '$';
                at += 2;
            } else if (rest.starts_with("${")) {
                const auto end = closing_brace(text, at + 2);
                if (!end) {
                    fault = "'${' without its '}'; write '$$' for a plain '$'";
                    break;
                }
                result += variable(text.substr(at + 2, *end - at - 2), depth);
                used = true;
                at = *end + 1;
            } else {
                result += text[at++];
            }
        }
        return result;
    }

    std::optional<std::string> fault;
    bool used = false;
    bool left = false;  ///< a variable without a value, as it is written

private:
    /// `inside` is what stands between the braces.
    std::string variable(std::string_view inside, int depth) {
        std::size_t end = 0;
        while (end < inside.size() && (end == 0 ? name_start(inside[0]) : name_part(inside[end])))
            ++end;
        const std::string name(inside.substr(0, end));
        const std::string_view rest = inside.substr(end);
        const bool has_default = rest.starts_with(":-");
        const bool has_message = rest.starts_with(":?");
        if (name.empty() || (!rest.empty() && !has_default && !has_message))
            return failed("expected ${NAME}, ${NAME:-default} or ${NAME:?message}; write '$$' for a plain '$'");

        const std::optional<std::string> value = environment_(name);
        if (value && invalid_utf8(*value)) return failed(fmt::format("the value of variable {} is not UTF-8", name));
        if (value && (!value->empty() || rest.empty())) return *value;
        if (has_default && depth < deepest_default) return expand(rest.substr(2), depth + 1);
        if (has_default) return failed("defaults inside of defaults, too deep");
        if (unset_ == Unset::shown) {
            left = true;
            return fmt::format("${{{}}}", inside);
        }
        if (has_message && rest.size() > 2) return failed(fmt::format("variable {}: {}", name, rest.substr(2)));
        if (has_message) return failed(fmt::format("variable {} is {}", name, value ? "empty" : "not set"));
        return failed(fmt::format("variable {} is not set and has no default", name));
    }

    std::string failed(std::string message) {
        fault = std::move(message);
        return {};
    }

    const Environment& environment_;
    Unset unset_;
};

class Substitution {
public:
    Substitution(const Environment& environment, Unset unset, Problems& problems)
        : environment_(environment), unset_(unset), problems_(problems) {}

    /// `free_keys`: the keys of this map are the user's own, `x-…` among them (HTTP headers).
    void visit(Node& node, const std::string& path, bool free_keys) {
        if (node.kind == NodeKind::scalar) return scalar(node, path);
        for (std::size_t i = 0; i < node.items.size(); ++i)
            visit(node.items[i], fmt::format("{}[{}]", path, i), free_keys);
        for (Node::Entry& entry : node.entries) {
            if (is_extension(entry.key) && !free_keys) continue;
            const bool free_below =
                free_keys || entry.key == "headers" || entry.key == "extra_headers" || entry.key == "extra_body";
            const std::string key = utf8_shortened(entry.key, 60);
            visit(entry.value, path.empty() ? key : path + "." + key, free_below);
        }
    }

private:
    void scalar(Node& node, const std::string& path) {
        if (node.text.find('$') == std::string::npos) return;
        Expansion expansion(environment_, unset_);
        std::string text = expansion.expand(node.text);
        if (expansion.fault) {
            node.broken = true;
            problems_.error(node.mark, path, *expansion.fault);
            return;
        }
        if (expansion.used) node.variable = node.text;
        node.unset = expansion.left;
        node.text = std::move(text);
    }

    const Environment& environment_;
    Unset unset_;
    Problems& problems_;
};

}  // namespace

void substitute(Node& root, const Environment& environment, Unset unset, Problems& problems) {
    Substitution(environment, unset, problems).visit(root, "", false);
}

}  // namespace enough
