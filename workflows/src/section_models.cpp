#include "field_types.hpp"
#include "loading.hpp"

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace enough {
namespace {

constexpr std::array<std::string_view, 3> provider_words{"openai", "llama", "scripted"};
enum class ProviderKind { openai, llama, scripted };

struct KeyOwner {
    std::string_view key;
    std::string_view providers;
};

/// Keys that a reader may look for with the wrong provider.
constexpr KeyOwner key_owners[] = {
    {"base_url", "openai"},
    {"api_key", "openai"},
    {"model", "openai"},
    {"limits", "openai and scripted"},
    {"timeout", "openai"},
    {"headers", "openai"},
    {"ca_file", "openai"},
    {"extra_body", "openai"},
    {"max_tokens_field", "openai"},
    {"path", "llama"},
    {"context", "llama"},
    {"threads", "llama"},
    {"max_tokens", "llama"},
    {"answers", "scripted"},
    {"file", "scripted"},
    {"retry", "openai and scripted"},
    {"hedge", "openai and scripted"},
    {"logprobs", "openai and scripted"},
    {"price", "openai and scripted"},
};

std::optional<Price> read_price(const Value& value) {
    Fields fields(value);
    Price price;
    fields.required("input", type::Number{.least = 0}, price.input);
    fields.optional("cached_input", type::Number{.least = 0}, price.cached_input);
    fields.required("output", type::Number{.least = 0}, price.output);
    return fields.finished(std::move(price));
}

std::optional<ProviderKind> read_kind(Fields& fields) {
    fields.require("provider");
    const auto value = fields.take("provider");
    if (!value) return std::nullopt;
    const std::string& text = value->node().text;
    if (value->is_scalar() && (text == "anthropic" || text == "gemini")) {
        value->error("provider '" + text + "' is not supported by this version; it knows openai, llama and scripted");
        return std::nullopt;
    }
    return type::Choice<ProviderKind>{provider_words}(*value);
}

std::optional<ProviderSettings> read_provider(ProviderKind kind, Fields& fields, Loading& loading) {
    switch (kind) {
        case ProviderKind::openai:
            return read_openai(fields, loading);
        case ProviderKind::llama:
            return read_llama(fields, loading);
        case ProviderKind::scripted:
            return read_scripted(fields, loading);
    }
    return std::nullopt;
}

void read_model(const std::string& name, const Value& value, Loading& loading) {
    Fields fields(value);
    fields.take("extends");
    const auto kind = read_kind(fields);
    if (!kind) return;
    Model model;
    auto settings = read_provider(*kind, fields, loading);
    if (*kind != ProviderKind::llama) fields.optional("price", read_price, model.price);
    for (const KeyOwner& owner : key_owners)
        fields.hint(owner.key, "it belongs to provider " + std::string(owner.providers));
    if (settings) model.provider = *std::move(settings);
    if (auto read = fields.finished(std::move(model))) loading.workflow.models.emplace(name, *std::move(read));
}

}  // namespace

void read_models(const Value& section, Loading& loading) {
    each_name(section, [&](const std::string& name, const Value& value) { read_model(name, value, loading); });
}

}  // namespace enough
