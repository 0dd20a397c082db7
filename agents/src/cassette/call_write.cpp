#include "cassette/call_json.hpp"
#include "cassette/names.hpp"
#include "providers/utf8.hpp"

#include <nlohmann/json.hpp>

#include <cmath>

namespace enough {
namespace {

using json = nlohmann::ordered_json;

json bytes(const std::string& text) {
    if (is_utf8(text)) return text;
    json numbers = json::array();
    for (const char c : text)
        numbers.push_back(static_cast<unsigned char>(c));
    return numbers;
}

json number(double value) {
    if (std::isnan(value)) return nullptr;
    if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
    return value;
}

json tool_calls(const std::vector<ToolCall>& calls) {
    json out = json::array();
    for (const ToolCall& call : calls)
        out.push_back({{"id", bytes(call.id)}, {"name", bytes(call.name)}, {"arguments", bytes(call.arguments)}});
    return out;
}

json messages(const std::vector<Message>& all) {
    json out = json::array();
    for (const Message& message : all) {
        json& turn = out.emplace_back();
        turn["role"] = word(role_words, message.role);
        turn["content"] = bytes(message.content);
        if (!message.tool_calls.empty()) turn["tool_calls"] = tool_calls(message.tool_calls);
        if (!message.tool_call_id.empty()) turn["tool_call_id"] = bytes(message.tool_call_id);
    }
    return out;
}

json tools(const std::vector<ToolSpec>& all) {
    json out = json::array();
    for (const ToolSpec& tool : all) {
        out.push_back({{"name", bytes(tool.name)},
                       {"description", bytes(tool.description)},
                       {"parameters", bytes(tool.parameters)}});
    }
    return out;
}

json sampling(const Sampling& sampling) {
    json out = json::object();
    if (sampling.temperature) out["temperature"] = number(*sampling.temperature);
    if (sampling.top_p) out["top_p"] = number(*sampling.top_p);
    if (sampling.seed) out["seed"] = *sampling.seed;
    if (sampling.max_tokens) out["max_tokens"] = *sampling.max_tokens;
    if (sampling.reasoning_effort) out["reasoning_effort"] = bytes(*sampling.reasoning_effort);
    out["stop"] = json::array();
    for (const std::string& text : sampling.stop)
        out["stop"].push_back(bytes(text));
    return out;
}

json usage(const Usage& usage) {
    return {{"input_tokens", usage.input_tokens},
            {"cached_input_tokens", usage.cached_input_tokens},
            {"output_tokens", usage.output_tokens},
            {"reasoning_tokens", usage.reasoning_tokens},
            {"estimated", usage.estimated}};
}

json answer(const Answer& answer) {
    json out = {{"text", bytes(answer.text)},
                {"reasoning", bytes(answer.reasoning)},
                {"finish_reason", word(finish_reason_words, answer.finish_reason)},
                {"usage", usage(answer.usage)},
                {"model", bytes(answer.model)},
                {"fingerprint", bytes(answer.fingerprint)},
                {"logprobs_refused", answer.logprobs_refused},
                {"latency_ms", number(answer.latency.count())}};
    if (answer.reported_output_tokens) out["reported_output_tokens"] = *answer.reported_output_tokens;
    if (answer.reported_reasoning_tokens) out["reported_reasoning_tokens"] = *answer.reported_reasoning_tokens;
    if (answer.from_cache) out["from_cache"] = true;
    if (!answer.tool_calls.empty()) out["tool_calls"] = tool_calls(answer.tool_calls);
    if (answer.first_token) out["first_token_ms"] = number(answer.first_token->count());
    return out;
}

json failure(const Failure& failure) {
    json out = {{"kind", name(failure.kind)},
                {"message", bytes(failure.message)},
                {"retryable", failure.retryable},
                {"spent", usage(failure.spent)}};
    if (failure.retry_after) out["retry_after_ms"] = failure.retry_after->count();
    return out;
}

json request(const RecordedCall& call) {
    json head = {{"model", bytes(call.model)},
                 {"messages", messages(call.messages)},
                 {"sampling", sampling(call.sampling)},
                 {"top_logprobs", call.top_logprobs}};
    if (!call.tools.empty()) head["tools"] = tools(call.tools);
    if (call.tools_forbidden) head["tools_forbidden"] = true;
    return head;
}

json entry(const Token& token) {
    json out = json::array({bytes(token.bytes), number(token.logprob)});
    if (token.phase != Phase::answer) out.push_back(word(phase_words, token.phase));
    if (token.candidates.empty()) return out;
    json candidates = json::array();
    for (const Candidate& candidate : token.candidates)
        candidates.push_back(json::array({bytes(candidate.bytes), number(candidate.logprob)}));
    out.push_back(std::move(candidates));
    return out;
}

json entry(const ShownText& shown) {
    return {{word(phase_words, shown.phase), bytes(shown.text)}};
}

json entry(Restart) {
    return "restart";
}

}  // namespace

std::string header_line(const std::string& created) {
    json header{{"cassette", cassette_version}};
    if (!created.empty()) header["created"] = created;
    return header.dump();
}

std::string request_line(const RecordedCall& call) {
    return request(call).dump();
}

std::string call_line(const RecordedCall& call) {
    json head = request(call);
    if (call.outcome)
        head["answer"] = answer(*call.outcome);
    else
        head["failure"] = failure(call.outcome.error());
    // Entry by entry: a tree of a long stream with its evidence would take many times the line's size.
    std::string line = head.dump();
    line.back() = ',';
    line += "\"stream\":[";
    const char* separator = "";
    for (const StreamEvent& event : call.stream) {
        line += separator;
        line += std::visit([](const auto& what) { return entry(what).dump(); }, event);
        separator = ",";
    }
    return line + "]}";
}

}  // namespace enough
