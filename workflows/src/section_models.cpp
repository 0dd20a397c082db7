#include "field_types.hpp"
#include "loading.hpp"

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace enough {
namespace {

constexpr std::array<std::string_view, 5> provider_words{"openai", "anthropic", "gemini", "llama", "scripted"};
enum class ProviderKind { openai, anthropic, gemini, llama, scripted };

struct KeyOwner {
    std::string_view key;
    std::string_view providers;
};

constexpr std::string_view servers = "openai, anthropic and gemini";
constexpr std::string_view servers_and_scripted = "openai, anthropic, gemini and scripted";

/// Keys that a reader may look for with the wrong provider.
constexpr KeyOwner key_owners[] = {
    {"base_url", servers},
    {"api_key", servers},
    {"model", servers},
    {"timeout", servers},
    {"extra_headers", servers},
    {"extra_body", servers},
    {"ca_file", servers},
    {"client_certificate", servers},
    {"client_key", servers},
    {"unix_socket", servers},
    {"proxy", servers},
    {"circuit", servers},
    {"profile", "openai"},
    {"api", "openai"},
    {"max_tokens_field", "openai"},
    {"path", "llama"},
    {"context", "llama"},
    {"threads", "llama"},
    {"max_tokens", "llama"},
    {"answers", "scripted"},
    {"file", "scripted"},
    {"logprobs", "openai and scripted"},
    {"limits", servers_and_scripted},
    {"retry", servers_and_scripted},
    {"hedge", servers_and_scripted},
    {"price", servers_and_scripted},
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
    return value ? type::Choice<ProviderKind>{provider_words}(*value) : std::nullopt;
}

std::optional<ProviderSettings> read_provider(ProviderKind kind, Fields& fields, Loading& loading) {
    switch (kind) {
        case ProviderKind::openai:
            return read_openai(fields, loading);
        case ProviderKind::anthropic:
            return read_anthropic(fields, loading);
        case ProviderKind::gemini:
            return read_gemini(fields, loading);
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
    fields.optional("fallback",
                    type::OneOrList<type::Reference>{{loading.models}, "the name of a model, or a list of them"},
                    model.fallback);
    fields.optional("evidence", read_evidence_pin, model.evidence);
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
