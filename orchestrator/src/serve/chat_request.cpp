#include "serve/chat_request.hpp"

#include <enough/json/shallow_json.hpp>
#include <enough/workflows/inputs.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <stdexcept>
#include <string_view>

namespace enough {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 12> understood{
    "model", "messages", "stream", "stream_options",        "metadata",   "temperature",
    "top_p", "seed",     "stop",   "max_completion_tokens", "max_tokens", "reasoning_effort"};
constexpr std::size_t most_stops = 16;
constexpr std::uint64_t largest_count = 1'000'000'000'000;
constexpr std::array<std::string_view, 4> roles{"system", "developer", "user", "assistant"};

ApiError bad(std::string message, std::string param) {
    return ApiError{.message = std::move(message), .param = std::move(param)};
}

/// The text of a message's content: a string, or parts of type text.
std::optional<std::string> text_of(const json& content) {
    if (content.is_string()) return content.get<std::string>();
    if (content.is_null()) return std::string();
    if (!content.is_array()) return std::nullopt;
    std::string text;
    for (const json& part : content) {
        if (!part.is_object() || part.value("type", json()) != "text") return std::nullopt;
        const json piece = part.value("text", json());
        if (!piece.is_string()) return std::nullopt;
        text += piece.get<std::string>();
    }
    return text;
}

std::optional<ApiError> read_messages(const json& given, ChatRequest& request) {
    if (!given.is_array() || given.empty()) return bad("'messages' must be a list of at least one message", "messages");
    request.messages = json::array();
    bool asked = false;
    for (std::size_t i = 0; i < given.size(); ++i) {
        const std::string param = fmt::format("messages[{}]", i);
        const json& message = given[i];
        if (!message.is_object()) return bad("a message is an object with role and content", param);
        const json role = message.value("role", json());
        if (!role.is_string() || std::find(roles.begin(), roles.end(), role.get<std::string>()) == roles.end())
            return bad(fmt::format("a role is one of {}", fmt::join(roles, ", ")), param + ".role");
        const auto text = text_of(message.value("content", json()));
        if (!text) return bad("content must be text: other parts are not understood here", param + ".content");
        request.messages.push_back({{"role", role}, {"content", *text}});
        if (role != "user") continue;
        request.question = *text;
        asked = true;
    }
    if (!asked) return bad("none of the messages is the user's", "messages");
    return std::nullopt;
}

/// The field's value: absent where it is missing or null.
const json* given(const json& body, const char* key) {
    const auto found = body.find(key);
    return found == body.end() || found->is_null() ? nullptr : &*found;
}

std::optional<ApiError> read_number(const json& body, const char* key, double most, std::optional<double>& number) {
    const json* value = given(body, key);
    if (!value) return std::nullopt;
    if (!value->is_number() || value->get<double>() < 0 || value->get<double>() > most)
        return bad(fmt::format("'{}' is a number from 0 to {}", key, most), key);
    number = value->get<double>();
    return std::nullopt;
}

template <class Count>
std::optional<ApiError> read_count(const json& body, const char* key, Count least, std::optional<Count>& count) {
    const json* value = given(body, key);
    if (!value) return std::nullopt;
    const bool whole = value->is_number_unsigned() || (value->is_number_integer() && value->get<std::int64_t>() >= 0);
    if (!whole || std::cmp_less(value->get<std::uint64_t>(), least) || value->get<std::uint64_t>() > largest_count)
        return bad(fmt::format("'{}' is a whole number from {}", key, least), key);
    count = value->get<Count>();
    return std::nullopt;
}

std::optional<ApiError> read_stop(const json& body, std::vector<std::string>& stop) {
    const json* value = given(body, "stop");
    if (!value) return std::nullopt;
    const json list = value->is_array() ? *value : json::array({*value});
    const auto text = [](const json& item) { return item.is_string() && !item.get_ref<const std::string&>().empty(); };
    if (list.size() > most_stops || !std::all_of(list.begin(), list.end(), text))
        return bad(fmt::format("'stop' is a text or a list of up to {}", most_stops), "stop");
    stop = list.get<std::vector<std::string>>();
    return std::nullopt;
}

std::optional<ApiError> read_sampling(const json& body, Sampling& sampling) {
    if (auto error = read_number(body, "temperature", 2, sampling.temperature)) return error;
    if (auto error = read_number(body, "top_p", 1, sampling.top_p)) return error;
    if (auto error = read_count<std::uint64_t>(body, "seed", 0, sampling.seed)) return error;
    for (const char* key : {"max_tokens", "max_completion_tokens"})  // the older name first: the newer one wins
        if (auto error = read_count<std::int64_t>(body, key, 1, sampling.max_tokens)) return error;
    if (const json* effort = given(body, "reasoning_effort")) {
        if (!effort->is_string()) return bad("'reasoning_effort' is a text", "reasoning_effort");
        sampling.reasoning_effort = effort->get<std::string>();
    }
    return read_stop(body, sampling.stop);
}

std::optional<ApiError> read_options(const json& body, ChatRequest& request) {
    const json stream = body.value("stream", json());
    if (!stream.is_null() && !stream.is_boolean()) return bad("'stream' is true or false", "stream");
    request.stream = stream == true;
    const json options = body.value("stream_options", json());
    if (!options.is_null()) {
        if (!options.is_object()) return bad("'stream_options' must be an object", "stream_options");
        if (!request.stream) return bad("'stream_options' is for streams only", "stream_options");
        request.include_usage = options.value("include_usage", json()) == true;
    }
    const json n = body.value("n", json());
    if (!n.is_null() && n != 1) return bad("a workflow gives one answer: 'n' must be 1", "n");
    for (const char* key : {"tools", "functions"}) {
        const json tools = body.value(key, json());
        if (!tools.is_null() && !tools.empty())
            return bad("a workflow calls its own tools: a client's are not understood", key);
    }
    request.metadata = body.value("metadata", json());
    if (request.metadata.is_null()) request.metadata = json::object();
    if (!request.metadata.is_object()) return bad("'metadata' must be an object", "metadata");
    return std::nullopt;
}

void note_ignored(const json& body, ChatRequest& request) {
    for (const auto& [key, value] : body.items()) {
        if (std::find(understood.begin(), understood.end(), key) != understood.end()) continue;
        if (!value.is_null() && key != "n" && key != "tools" && key != "functions") request.ignored.push_back(key);
    }
}

const Input* input_named(const Workflow& workflow, const std::string& name) {
    for (const auto& [known, input] : workflow.inputs)
        if (known == name) return &input;
    return nullptr;
}

/// Metadata are strings in OpenAI's API: read as the input's type.
json typed(const Input& input, const json& value) {
    if (!value.is_string()) return value;
    try {
        return parse_input(input.type, value.get<std::string>());
    } catch (const std::invalid_argument&) {
        return value;  // the check of all inputs says what is wrong with it
    }
}

}  // namespace

std::variant<ChatRequest, ApiError> read_chat_request(const std::string& body) {
    const json given = parse_shallow(body);
    if (!given.is_object()) return bad("the body must be a JSON object", "");
    ChatRequest request;
    const json model = given.value("model", json());
    if (!model.is_string()) return bad("'model' must name a workflow (GET /v1/models lists them)", "model");
    request.model = model.get<std::string>();
    if (auto error = read_messages(given.value("messages", json()), request)) return *error;
    if (auto error = read_options(given, request)) return *error;
    if (auto error = read_sampling(given, request.sampling)) return *error;
    note_ignored(given, request);
    return request;
}

void ignore_settings(const Workflow& workflow, ChatRequest& request) {
    const auto allowed = [&](SamplingField field) {
        return std::find(workflow.allowed.begin(), workflow.allowed.end(), field) != workflow.allowed.end();
    };
    const Sampling& given = request.sampling;
    const std::array<std::pair<SamplingField, bool>, 6> fields{
        {{SamplingField::temperature, given.temperature.has_value()},
         {SamplingField::top_p, given.top_p.has_value()},
         {SamplingField::seed, given.seed.has_value()},
         {SamplingField::max_tokens, given.max_tokens.has_value()},
         {SamplingField::stop, !given.stop.empty()},
         {SamplingField::reasoning_effort, given.reasoning_effort.has_value()}}};
    for (const auto& [field, is_given] : fields)
        if (is_given && !allowed(field)) request.ignored.emplace_back(name(field));
}

std::variant<json, ApiError> chat_inputs(const Workflow& workflow, const ChatRequest& request) {
    json inputs = json::object();
    for (const auto& [name, value] : request.metadata.items())
        if (const Input* input = input_named(workflow, name)) inputs[name] = typed(*input, value);
    const Input* conversation = input_named(workflow, "messages");
    if (conversation && conversation->type == InputType::list) inputs["messages"] = request.messages;
    for (const auto& [name, input] : workflow.inputs) {
        if (&input == conversation && input.type == InputType::list) continue;
        inputs[name] = typed(input, request.question);
        break;
    }
    std::vector<std::string> faults;
    inputs = check_inputs(workflow, inputs, faults);
    if (faults.empty()) return inputs;
    return bad(fmt::format("{} (inputs beside the first are given as metadata)", fmt::join(faults, "; ")), "metadata");
}

}  // namespace enough
