#include "support/case_file.hpp"

#include <yaml-cpp/yaml.h>

#include <set>
#include <stdexcept>

namespace enough::test {
namespace {

/// YAML scalars by the JSON rules: what reads as JSON is that, everything else is text; quoted is always text.
nlohmann::json to_json(const YAML::Node& node) {
    if (node.IsNull()) return nullptr;
    if (node.IsScalar()) {
        const bool quoted = node.Tag() == "!";
        const nlohmann::json value = quoted ? nlohmann::json() : nlohmann::json::parse(node.Scalar(), nullptr, false);
        return quoted || value.is_discarded() ? nlohmann::json(node.Scalar()) : value;
    }
    nlohmann::json json = node.IsMap() ? nlohmann::json::object() : nlohmann::json::array();
    for (const auto& item : node) {
        if (node.IsMap())
            json[item.first.Scalar()] = to_json(item.second);
        else
            json.push_back(to_json(item));
    }
    return json;
}

void refuse_unknown(const YAML::Node& map, const std::set<std::string>& known) {
    for (const auto& item : map)
        if (!known.contains(item.first.Scalar())) throw std::runtime_error("unknown key '" + item.first.Scalar() + "'");
}

std::optional<std::string> text(const YAML::Node& node) {
    if (!node || node.IsNull()) return std::nullopt;
    return node.Scalar();
}

std::map<std::string, std::string> texts(const YAML::Node& node) {
    std::map<std::string, std::string> result;
    for (const auto& item : node)
        result[item.first.Scalar()] = item.second.Scalar();
    return result;
}

}  // namespace

CaseFile read_case(const std::filesystem::path& file) {
    const YAML::Node root = YAML::LoadFile(file.string());
    refuse_unknown(root, {"about", "workflow", "inputs", "files", "approvals", "tools", "cancel_at", "expect"});
    const YAML::Node expect = root["expect"];
    refuse_unknown(expect, {"status", "output", "error", "trace", "report", "messages"});

    CaseFile result;
    result.about = root["about"].as<std::string>();
    result.workflow = root["workflow"].as<std::string>();
    if (root["inputs"]) result.inputs = to_json(root["inputs"]);
    result.files = texts(root["files"]);
    result.approvals = texts(root["approvals"]);
    for (const auto& server : root["tools"])
        result.tools[server.first.Scalar()] = texts(server.second);
    if (root["cancel_at"]) result.cancel_at = root["cancel_at"].as<std::string>();
    result.status = expect["status"].as<std::string>();
    result.output = text(expect["output"]);
    result.error = text(expect["error"]);
    result.trace = expect["trace"].as<std::vector<std::string>>();
    for (const auto& item : expect["report"])
        result.report[item.first.Scalar()] = to_json(item.second);
    for (const auto& item : expect["messages"])
        result.messages[item.first.as<int>()] = item.second.as<std::vector<std::string>>();
    return result;
}

}  // namespace enough::test
