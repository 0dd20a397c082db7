#include "providers/json_parts.hpp"

#include <limits>

namespace enough {

namespace {

using Json = nlohmann::json;

constexpr int max_depth = 64;

// The library reads any depth, but writing what it has read takes a stack frame a level.
bool too_deep(std::string_view text) {
    int depth = 0;
    bool inside_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (inside_string) {
            if (c == '\\') ++i;
            if (c == '"') inside_string = false;
        } else if (c == '"') {
            inside_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > max_depth) return true;
        } else if (c == '}' || c == ']') {
            --depth;
        }
    }
    return false;
}

std::string bytes_of(const Json& entry) {
    std::string bytes;
    const auto* list = member(entry, "bytes");
    if (list == nullptr || !list->is_array()) return std::string(text_at(entry, "token"));
    for (const auto& byte : *list) {
        if (!byte.is_number_unsigned() || byte.get<std::uint64_t>() > 255) return std::string(text_at(entry, "token"));
        bytes += static_cast<char>(byte.get<unsigned char>());
    }
    return bytes;
}

}  // namespace

std::optional<Json> json_object(const std::string& text) {
    if (too_deep(text)) return std::nullopt;
    auto json = Json::parse(text, nullptr, false);
    if (!json.is_object()) return std::nullopt;
    return json;
}

const Json* member(const Json& object, std::string_view name) {
    if (!object.is_object()) return nullptr;
    const auto found = object.find(name);
    return found == object.end() ? nullptr : &*found;
}

const Json& array_at(const Json& object, std::string_view name) {
    static const Json none = Json::array();
    const auto* found = member(object, name);
    return found != nullptr && found->is_array() ? *found : none;
}

const Json& object_at(const Json& object, std::string_view name) {
    static const Json none = Json::object();
    const auto* found = member(object, name);
    return found != nullptr && found->is_object() ? *found : none;
}

std::string_view text_at(const Json& object, std::string_view name) {
    const auto* found = member(object, name);
    if (found == nullptr || !found->is_string()) return {};
    return found->get_ref<const std::string&>();
}

std::optional<std::int64_t> count_at(const Json& object, std::string_view name) {
    const auto value = number_at(object, name);
    if (!(value >= 0 && value <= 1e15)) return std::nullopt;
    return static_cast<std::int64_t>(value);
}

double number_at(const Json& object, std::string_view name) {
    const auto* found = member(object, name);
    if (found == nullptr || !found->is_number()) return std::numeric_limits<double>::quiet_NaN();
    return found->get<double>();
}

bool true_at(const Json& object, std::string_view name) {
    const auto* found = member(object, name);
    return found != nullptr && found->is_boolean() && found->get<bool>();
}

Token token_of(const Json& entry) {
    Token token;
    token.bytes = bytes_of(entry);
    token.logprob = number_at(entry, "logprob");
    for (const auto& candidate : array_at(entry, "top_logprobs")) {
        if (candidate.is_object()) token.candidates.push_back({bytes_of(candidate), number_at(candidate, "logprob")});
    }
    return token;
}

}  // namespace enough
