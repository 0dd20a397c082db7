#include "loading.hpp"

#include <array>
#include <string_view>

namespace enough {
namespace {

constexpr std::array<std::string_view, 1> own_body_keys{"system"};

}  // namespace

std::optional<ProviderSettings> read_anthropic(Fields& fields, const Loading&) {
    AnthropicSettings settings;
    read_server(fields, settings, own_body_keys);
    return settings;
}

}  // namespace enough
