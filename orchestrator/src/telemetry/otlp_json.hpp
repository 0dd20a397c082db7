#pragma once

#include "telemetry/span.hpp"

#include <string>
#include <vector>

namespace enough {

/// An `ExportTraceServiceRequest` in OTLP's JSON: ids in hexadecimal, 64-bit numbers as strings, enumerations as
/// numbers. https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
std::string otlp_json(const Attributes& resource, const std::vector<Span>& spans);

}  // namespace enough
