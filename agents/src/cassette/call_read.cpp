#include "cassette/call_json.hpp"
#include "cassette/names.hpp"
#include "cassette/strict_json.hpp"
#include "failure_kind.hpp"

namespace enough {
namespace {

using nlohmann::json;
using Milliseconds = std::chrono::duration<double, std::milli>;

template <class T, std::size_t n>
T named(const NameTable<T, n>& table, const json& value, const char* what) {
    if (!value.is_string()) refuse_value(what, "a string");
    return meaning(table, value.get_ref<const std::string&>(), what);
}

std::vector<ToolCall> read_tool_calls(const json& list) {
    std::vector<ToolCall> calls;
    for (const json& item : strict_list(list, "tool_calls")) {
        StrictObject object(item, "a tool call");
        ToolCall& call = calls.emplace_back();
        call.id = strict_bytes(object.take("id"), "id");
        call.name = strict_bytes(object.take("name"), "name");
        call.arguments = strict_bytes(object.take("arguments"), "arguments");
        object.end();
    }
    return calls;
}

std::vector<ToolSpec> read_tools(const json& list) {
    std::vector<ToolSpec> tools;
    for (const json& item : strict_list(list, "tools")) {
        StrictObject object(item, "a tool");
        ToolSpec& tool = tools.emplace_back();
        tool.name = strict_bytes(object.take("name"), "name");
        tool.description = strict_bytes(object.take("description"), "description");
        tool.parameters = strict_bytes(object.take("parameters"), "parameters");
        object.end();
    }
    return tools;
}

std::vector<Message> read_messages(const json& list) {
    std::vector<Message> messages;
    for (const json& item : strict_list(list, "messages")) {
        StrictObject object(item, "a message");
        Message& message = messages.emplace_back();
        message.role = named(role_words, object.take("role"), "role");
        message.content = strict_bytes(object.take("content"), "content");
        if (const auto* found = object.take_if("tool_calls")) message.tool_calls = read_tool_calls(*found);
        if (const auto* found = object.take_if("tool_call_id"))
            message.tool_call_id = strict_bytes(*found, "tool_call_id");
        object.end();
    }
    return messages;
}

Sampling read_sampling(const json& value) {
    StrictObject object(value, "sampling");
    Sampling sampling;
    if (const auto* found = object.take_if("temperature")) sampling.temperature = strict_number(*found, "temperature");
    if (const auto* found = object.take_if("top_p")) sampling.top_p = strict_number(*found, "top_p");
    if (const auto* found = object.take_if("seed")) sampling.seed = strict_integer<std::uint64_t>(*found, "seed");
    if (const auto* found = object.take_if("max_tokens"))
        sampling.max_tokens = strict_integer<std::int64_t>(*found, "max_tokens");
    if (const auto* found = object.take_if("reasoning_effort"))
        sampling.reasoning_effort = strict_bytes(*found, "reasoning_effort");
    for (const json& text : strict_list(object.take("stop"), "stop"))
        sampling.stop.push_back(strict_bytes(text, "a stop text"));
    object.end();
    return sampling;
}

Usage read_usage(const json& value) {
    StrictObject object(value, "usage");
    const auto count = [&](const char* key) { return strict_integer<std::int64_t>(object.take(key), key); };
    Usage usage{.input_tokens = count("input_tokens"),
                .cached_input_tokens = count("cached_input_tokens"),
                .output_tokens = count("output_tokens"),
                .reasoning_tokens = count("reasoning_tokens"),
                .estimated = strict_boolean(object.take("estimated"), "estimated")};
    object.end();
    return usage;
}

Answer read_answer(const json& value) {
    StrictObject object(value, "answer");
    const auto text = [&](const char* key) { return strict_bytes(object.take(key), key); };
    Answer answer;
    answer.text = text("text");
    answer.reasoning = text("reasoning");
    answer.finish_reason = named(finish_reason_words, object.take("finish_reason"), "finish_reason");
    answer.usage = read_usage(object.take("usage"));
    if (const auto* found = object.take_if("reported_output_tokens"))
        answer.reported_output_tokens = strict_integer<std::int64_t>(*found, "reported_output_tokens");
    if (const auto* found = object.take_if("reported_reasoning_tokens"))
        answer.reported_reasoning_tokens = strict_integer<std::int64_t>(*found, "reported_reasoning_tokens");
    if (const auto* found = object.take_if("from_cache")) answer.from_cache = strict_boolean(*found, "from_cache");
    if (const auto* found = object.take_if("tool_calls")) answer.tool_calls = read_tool_calls(*found);
    answer.model = text("model");
    answer.fingerprint = text("fingerprint");
    answer.logprobs_refused = strict_boolean(object.take("logprobs_refused"), "logprobs_refused");
    answer.latency = Milliseconds(strict_number(object.take("latency_ms"), "latency_ms"));
    if (const auto* found = object.take_if("first_token_ms"))
        answer.first_token = Milliseconds(strict_number(*found, "first_token_ms"));
    object.end();
    return answer;
}

Failure read_failure(const json& value) {
    StrictObject object(value, "failure");
    const std::string kind_name = strict_bytes(object.take("kind"), "kind");
    const auto kind = failure_kind(kind_name);
    if (!kind) throw std::invalid_argument("unknown kind of failure '" + kind_name.substr(0, 40) + "'");
    Failure failure;
    failure.kind = *kind;
    failure.message = strict_bytes(object.take("message"), "message");
    failure.retryable = strict_boolean(object.take("retryable"), "retryable");
    if (const auto* found = object.take_if("retry_after_ms"))
        failure.retry_after =
            std::chrono::milliseconds(strict_integer<std::chrono::milliseconds::rep>(*found, "retry_after_ms"));
    failure.spent = read_usage(object.take("spent"));
    object.end();
    return failure;
}

Candidate read_candidate(const json& value) {
    if (strict_list(value, "a candidate").size() != 2) refuse_value("a candidate", "[text, logprob]");
    return {strict_bytes(value[0], "a candidate's text"), strict_number(value[1], "a candidate's logprob")};
}

Token read_token(const json& value) {
    constexpr const char* shape = "[text, logprob], then \"reasoning\" or nothing, then its candidates or nothing";
    if (value.size() < 2 || value.size() > 4) refuse_value("a token", shape);
    Token token;
    token.bytes = strict_bytes(value[0], "a token's text");
    token.logprob = strict_number(value[1], "a token's logprob");
    std::size_t next = 2;
    if (next < value.size() && value[next] == "reasoning") {
        token.phase = Phase::reasoning;
        ++next;
    }
    if (next < value.size() && value[next].is_array()) {
        for (const json& candidate : value[next])
            token.candidates.push_back(read_candidate(candidate));
        ++next;
    }
    if (next != value.size()) refuse_value("a token", shape);
    return token;
}

StreamEvent read_entry(const json& value) {
    if (value.is_array()) return read_token(value);
    if (value == "restart") return Restart{};
    if (!value.is_object() || value.size() != 1)
        refuse_value("it", R"(a token, {"answer": text}, {"reasoning": text} or "restart")");
    const auto shown = value.begin();
    return ShownText{meaning(phase_words, shown.key(), "phase"), strict_bytes(*shown, "shown text")};
}

std::vector<StreamEvent> read_stream(const json& list) {
    std::vector<StreamEvent> stream;
    for (const json& value : strict_list(list, "stream")) {
        try {
            stream.push_back(read_entry(value));
        } catch (const std::invalid_argument& error) {
            throw std::invalid_argument("stream, entry " + std::to_string(stream.size() + 1) + ": " + error.what());
        }
    }
    return stream;
}

}  // namespace

std::string read_header(const json& line) {
    if (!line.is_object() || !line.contains("cassette"))
        throw std::invalid_argument(R"(no cassette: the first line is not {"cassette": …})");
    const int version = strict_integer<int>(line["cassette"], "cassette");
    if (version != cassette_version)
        throw std::invalid_argument("cassette format version " + std::to_string(version) + "; this program reads " +
                                    std::to_string(cassette_version));
    const auto created = line.find("created");
    return created != line.end() && created->is_string() ? created->get<std::string>() : std::string();
}

RecordedCall call_from_json(const json& line) {
    StrictObject object(line, "a call");
    RecordedCall call;
    call.model = strict_bytes(object.take("model"), "model");
    call.messages = read_messages(object.take("messages"));
    call.sampling = read_sampling(object.take("sampling"));
    call.top_logprobs = strict_integer<int>(object.take("top_logprobs"), "top_logprobs");
    if (call.top_logprobs < 0) refuse_value("top_logprobs", "zero or more");
    if (const auto* found = object.take_if("tools")) call.tools = read_tools(*found);
    if (const auto* found = object.take_if("tools_forbidden"))
        call.tools_forbidden = strict_boolean(*found, "tools_forbidden");
    call.stream = read_stream(object.take("stream"));
    const auto* answer = object.take_if("answer");
    const auto* failure = object.take_if("failure");
    if ((answer == nullptr) == (failure == nullptr)) refuse_value("a call's outcome", "either 'answer' or 'failure'");
    if (answer != nullptr)
        call.outcome = read_answer(*answer);
    else
        call.outcome = read_failure(*failure);
    object.end();
    return call;
}

}  // namespace enough
