#include "loading.hpp"
#include "shared_load.hpp"
#include "tree_json.hpp"

#include <enough/workflows/calibration_key.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <string>

namespace enough {
namespace {

/// A hash of what the model is, so that no key or header stays behind in memory.
std::string definition(const Node& model) {
    Node node = model;
    std::erase_if(node.entries,
                  [](const Node::Entry& entry) { return entry.key == "extends" || is_extension(entry.key); });
    for (const char* key : {"path", "file", "ca_file", "client_certificate", "client_key", "unix_socket"})
        if (Node* path = node.find(key)) path->text = resolved(path->mark, path->text).string();
    return sha256(to_json(node).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace

void assign_model_keys(Loading& loading) {
    const Node* section = loading.root.find("models");
    for (auto& [name, model] : loading.workflow.models) {
        const std::string own = definition(*section->find(name));
        std::string key = name;
        for (int number = 1;; ++number) {
            const auto [known, added] = loading.shared.model_keys.emplace(key, own);
            if (added || known->second == own) break;
            const std::string number_text = number == 1 ? "" : fmt::format("-{}", number);
            key = fmt::format("{}{}/{}", loading.workflow.name, number_text, name);
        }
        model.key = key;
    }
}

}  // namespace enough
