#include "telemetry/otlp_json.hpp"

#include <enough/orchestrator/version.hpp>

#include <nlohmann/json.hpp>

#include <cmath>

namespace enough {
namespace {

using Json = nlohmann::ordered_json;

/// The last release of the conventions that had those for generative models in it.
constexpr const char* schema = "https://opentelemetry.io/schemas/1.41.0";
constexpr int status_error = 2;
constexpr unsigned remote_is_known = 0x100;  // SpanFlags of trace.proto
constexpr unsigned parent_is_remote = 0x200;

/// 64-bit numbers are strings in protobuf's JSON.
Json nanoseconds(std::chrono::system_clock::time_point time) {
    return std::to_string(std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count());
}

Json number(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
    return value;
}

struct ToJson {
    Json operator()(const std::string& text) const { return {{"stringValue", text}}; }
    Json operator()(std::int64_t value) const { return {{"intValue", std::to_string(value)}}; }
    Json operator()(double value) const { return {{"doubleValue", number(value)}}; }
    Json operator()(bool value) const { return {{"boolValue", value}}; }
    Json operator()(const std::vector<std::string>& texts) const {
        Json values = Json::array();
        for (const std::string& text : texts)
            values.push_back((*this)(text));
        Json array{{"values", std::move(values)}};
        return {{"arrayValue", std::move(array)}};
    }
};

Json attributes_json(const Attributes& attributes) {
    Json list = Json::array();
    for (const auto& [key, value] : attributes)
        list.push_back({{"key", key}, {"value", std::visit(ToJson{}, value)}});
    return list;
}

Json span_json(const Span& span) {
    Json json{{"traceId", span.trace_id}, {"spanId", span.id}};
    if (!span.trace_state.empty()) json["traceState"] = span.trace_state;
    if (!span.parent.empty()) json["parentSpanId"] = span.parent;
    json["flags"] = span.trace_flags | remote_is_known | (span.remote_parent ? parent_is_remote : 0);
    json["name"] = span.name;
    json["kind"] = static_cast<int>(span.kind);
    json["startTimeUnixNano"] = nanoseconds(span.start);
    json["endTimeUnixNano"] = nanoseconds(span.end);
    json["attributes"] = attributes_json(span.attributes);
    for (const SpanEvent& event : span.events) {
        Json one{{"timeUnixNano", nanoseconds(event.at)}, {"name", event.name}};
        one["attributes"] = attributes_json(event.attributes);
        json["events"].push_back(std::move(one));
    }
    json["status"] = Json::object();
    if (span.error) json["status"] = {{"message", *span.error}, {"code", status_error}};
    return json;
}

}  // namespace

std::string otlp_json(const Attributes& resource, const std::vector<Span>& spans) {
    Json list = Json::array();
    for (const Span& span : spans)
        list.push_back(span_json(span));
    Json scope_spans;
    scope_spans["scope"] = {{"name", "enough"}, {"version", version}};
    scope_spans["spans"] = std::move(list);
    scope_spans["schemaUrl"] = schema;
    Json resource_spans;
    resource_spans["resource"]["attributes"] = attributes_json(resource);
    resource_spans["scopeSpans"] = Json::array({std::move(scope_spans)});
    Json request;
    request["resourceSpans"] = Json::array({std::move(resource_spans)});
    return request.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace enough
