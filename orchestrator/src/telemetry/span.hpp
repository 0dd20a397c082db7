#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace enough {

using AttributeValue = std::variant<std::string, std::int64_t, double, bool, std::vector<std::string>>;
using Attributes = std::vector<std::pair<std::string, AttributeValue>>;

/// As OpenTelemetry numbers them: opentelemetry/proto/trace/v1/trace.proto.
enum class SpanKind { internal = 1, client = 3 };

struct SpanEvent {
    std::chrono::system_clock::time_point at;
    std::string name;
    Attributes attributes;
};

/// Something that took time, as OpenTelemetry has it.
struct Span {
    std::string trace_id;  ///< 32 hexadecimal digits
    std::string id;        ///< 16
    std::string parent;    ///< 16, or empty
    bool remote_parent = false;
    std::string trace_state;
    std::uint8_t trace_flags = 0;
    std::string name;
    SpanKind kind = SpanKind::internal;
    std::chrono::system_clock::time_point start;
    std::chrono::system_clock::time_point end;
    Attributes attributes;
    std::vector<SpanEvent> events;
    std::optional<std::string> error;  ///< it failed, and how in words; absent: the status is not set

    void set(std::string key, AttributeValue value) { attributes.emplace_back(std::move(key), std::move(value)); }
    template <class T>
    void set_if(std::string key, const std::optional<T>& value) {
        if (value) set(std::move(key), AttributeValue(*value));
    }
};

/// Takes spans that have ended. Must not block and must not throw.
class SpanSink {
public:
    virtual ~SpanSink() = default;
    virtual void take(Span span) = 0;
};

}  // namespace enough
