#include "loading.hpp"

#include <array>
#include <string_view>

namespace enough {
namespace {

constexpr std::array<std::string_view, 2> own_body_keys{"contents", "systemInstruction"};

}  // namespace

std::optional<ProviderSettings> read_gemini(Fields& fields, const Loading&) {
    GeminiSettings settings;
    read_server(fields, settings, own_body_keys);
    return settings;
}

}  // namespace enough
