#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace enough {

/// A span as other programs are told of it: https://www.w3.org/TR/trace-context/.
struct TraceContext {
    std::string trace_id;    ///< 32 lower-case hexadecimal digits, not all zero
    std::string span_id;     ///< 16 of them, not all zero
    std::uint8_t flags = 0;  ///< bit 0: sampled, bit 1: the trace id is random; others are not passed on
    std::string state;       ///< `tracestate`; empty: none

    bool sampled() const { return (flags & 1) != 0; }
    bool operator==(const TraceContext&) const = default;
};

/// Reads the two headers, the second of which may be empty. Absent if `traceparent` is not as the standard has it; a
/// `tracestate` that is not is left out alone. Of one longer than 512 characters its last members are left out.
std::optional<TraceContext> read_trace_context(std::string_view traceparent, std::string_view tracestate = {});

/// The `traceparent` header's value, of version 00.
std::string traceparent(const TraceContext& context);

/// The trace that a run is part of.
struct RunTrace {
    TraceContext context;     ///< of the run's own span; where no spans are made, of whoever asked for the run
    std::string parent_span;  ///< of the run's span; empty: it begins the trace
    bool own = false;         ///< spans are made: each call has one of its own, else it passes on `context` as it came

    bool operator==(const RunTrace&) const = default;
};

/// The id of a run's span: a pure function of the run and of what the span is of, so that nobody need be told.
/// `kind` and `number` name it within the run: `run` 0, `call` 3, `agent` 3, `tool` 1.
std::string span_id(const std::string& run_id, std::string_view kind, std::uint32_t number);

/// The trace of a run whose spans are made: that of `parent`, if there is one, else a new one.
RunTrace own_trace(const std::string& run_id, const std::optional<TraceContext>& parent, bool sampled);

/// What the server of a call is told.
TraceContext call_context(const RunTrace& trace, const std::string& run_id, std::uint32_t call);

}  // namespace enough
