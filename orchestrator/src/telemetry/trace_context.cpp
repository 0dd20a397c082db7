#include <enough/orchestrator/trace_context.hpp>

#include "header_list.hpp"

#include <enough/hash/sha256.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <vector>

namespace enough {
namespace {

constexpr std::size_t traceparent_length = 55;  // 00-<32>-<16>-<2>
constexpr std::size_t most_members = 32;
constexpr std::size_t longest_state = 512;
constexpr std::size_t longest_key = 256;
constexpr std::size_t longest_value = 256;
constexpr unsigned known_flags = 3;
constexpr std::uint8_t sampled_flag = 1;

bool is_hex(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_id(std::string_view text) {
    return is_hex(text) && text.find_first_not_of('0') != std::string_view::npos;
}

bool is_lower_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/// `key` of https://www.w3.org/TR/trace-context-2/#key
bool is_key(std::string_view key) {
    if (key.empty() || key.size() > longest_key || !is_lower_or_digit(key.front())) return false;
    return std::ranges::all_of(key, [](char c) {
        return is_lower_or_digit(c) || std::string_view("_-*/@").find(c) != std::string_view::npos;
    });
}

bool is_value(std::string_view value) {
    if (value.empty() || value.size() > longest_value || value.back() == ' ') return false;
    return std::ranges::all_of(value, [](char c) { return c >= ' ' && c <= '~' && c != ',' && c != '='; });
}

/// Empty if it is not as the standard has it: then the whole of it counts for nothing.
std::string sound_state(std::string_view given) {
    const auto all = list_members(given);
    if (all.size() > most_members) return {};
    std::set<std::string_view> keys;
    std::string state;
    bool full = false;
    for (const std::string_view member : all) {
        const std::size_t equals = member.find('=');
        if (equals == std::string_view::npos || !is_key(member.substr(0, equals))) return {};
        if (!is_value(member.substr(equals + 1)) || !keys.insert(member.substr(0, equals)).second) return {};
        full = full || state.size() + 1 + member.size() > longest_state;
        if (!full) state += (state.empty() ? "" : ",") + std::string(member);
    }
    return state;
}

}  // namespace

std::optional<TraceContext> read_trace_context(std::string_view traceparent, std::string_view tracestate) {
    const std::string_view text = trimmed(traceparent);
    if (text.size() < traceparent_length || text[2] != '-' || text[35] != '-' || text[52] != '-') return std::nullopt;
    const std::string_view version = text.substr(0, 2);
    if (!is_hex(version) || version == "ff") return std::nullopt;
    if (text.size() > traceparent_length && (version == "00" || text[traceparent_length] != '-')) return std::nullopt;
    const std::string_view flags = text.substr(53, 2);
    TraceContext context{std::string(text.substr(3, 32)), std::string(text.substr(36, 16)), 0, {}};
    if (!is_id(context.trace_id) || !is_id(context.span_id) || !is_hex(flags)) return std::nullopt;
    unsigned bits = 0;
    std::from_chars(flags.data(), flags.data() + flags.size(), bits, 16);
    context.flags = static_cast<std::uint8_t>(bits & known_flags);
    context.state = sound_state(tracestate);
    return context;
}

std::string traceparent(const TraceContext& context) {
    return fmt::format("00-{}-{}-{:02x}", context.trace_id, context.span_id, context.flags);
}

std::string span_id(const std::string& run_id, std::string_view kind, std::uint32_t number) {
    return sha256(fmt::format("{}\n{}\n{}", run_id, kind, number)).substr(0, 16);
}

RunTrace own_trace(const std::string& run_id, const std::optional<TraceContext>& parent, bool sampled) {
    RunTrace trace;
    trace.own = true;
    if (parent) {
        trace.context = *parent;
        trace.parent_span = parent->span_id;
    } else {
        trace.context.trace_id = sha256(run_id + "\ntrace").substr(0, 32);
    }
    trace.context.span_id = span_id(run_id, "run", 0);
    trace.context.flags = static_cast<std::uint8_t>((trace.context.flags & ~sampled_flag) | (sampled ? 1 : 0));
    return trace;
}

TraceContext call_context(const RunTrace& trace, const std::string& run_id, std::uint32_t call) {
    TraceContext context = trace.context;
    if (trace.own) context.span_id = span_id(run_id, "call", call);
    return context;
}

}  // namespace enough
