#include "providers/tool_json.hpp"

#include <enough/json/shallow_json.hpp>

namespace enough {

namespace {

using Json = nlohmann::ordered_json;

}  // namespace

Json parameters_schema(const ToolSpec& tool) {
    auto schema = Json::parse(tool.parameters, nullptr, false);
    if (schema.is_object()) return schema;
    return Json{{"type", "object"}, {"properties", Json::object()}};
}

Json arguments_object(const ToolCall& call) {
    auto arguments = parse_shallow<Json>(call.arguments);
    if (arguments.is_object()) return arguments;
    return Json{{"invalid_arguments", call.arguments}};
}

}  // namespace enough
