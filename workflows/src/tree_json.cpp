#include "tree_json.hpp"

#include "scalar.hpp"

#include <enough/workflows/calibration_key.hpp>

#include <nlohmann/json.hpp>

namespace enough {
namespace {

nlohmann::json scalar_json(const Node& node) {
    if (!node.variable.empty() && node.text.empty()) return "";
    switch (scalar_type(node)) {
        case ScalarType::null:
            return nullptr;
        case ScalarType::boolean:
            return *as_boolean(node);
        case ScalarType::integer:
            if (const auto value = as_integer(node)) return *value;
            [[fallthrough]];
        case ScalarType::number:
            if (const auto value = as_number(node)) return *value;
            [[fallthrough]];
        case ScalarType::text:
            return node.text;
    }
    return nullptr;
}

void blank_values(nlohmann::json& entry, const char* key) {
    const auto map = entry.find(key);
    if (map == entry.end() || !map->is_object()) return;
    for (auto& value : *map)
        value = nullptr;
}

/// Removes what must not leave a trace and what changes nothing.
void strip(nlohmann::json& root) {
    for (auto it = root.begin(); it != root.end();)
        it = is_extension(it.key()) ? root.erase(it) : std::next(it);
    root.erase("include");
    root.erase("secrets");
    for (const char* section : {"models", "tools"}) {
        const auto entries = root.find(section);
        if (entries == root.end() || !entries->is_object()) continue;
        for (auto& entry : *entries) {
            if (!entry.is_object()) continue;
            for (const char* key : {"api_key", "proxy"})
                entry.erase(key);
            blank_values(entry, "headers");
            blank_values(entry, "extra_headers");
            blank_values(entry, "environment");
        }
    }
}

}  // namespace

nlohmann::json to_json(const Node& node) {
    switch (node.kind) {
        case NodeKind::scalar:
            return scalar_json(node);
        case NodeKind::list: {
            auto list = nlohmann::json::array();
            for (const Node& item : node.items)
                list.push_back(to_json(item));
            return list;
        }
        case NodeKind::map: {
            auto map = nlohmann::json::object();
            for (const Node::Entry& entry : node.entries)
                map[entry.key] = to_json(entry.value);
            return map;
        }
    }
    return nullptr;
}

std::string workflow_hash(const Node& root, const std::vector<std::string>& texts) {
    nlohmann::json tree = to_json(root);
    strip(tree);
    const nlohmann::json whole{{"workflow", std::move(tree)}, {"texts", texts}};
    return sha256(whole.dump());
}

}  // namespace enough
