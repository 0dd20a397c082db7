#include "field_types.hpp"
#include "loading.hpp"

#include <cstdint>

namespace enough {

std::optional<ProviderSettings> read_llama(Fields& fields, const Loading&) {
    LlamaSettings settings;
    if (fields.required("path", type::Text{}, settings.path))
        settings.path = resolved(fields.value().node().find("path")->mark, settings.path).string();
    fields.optional("context", type::Whole<std::uint32_t>{16, 16'777'216}, settings.context);
    fields.optional("threads", type::Whole<int>{1, 1024}, settings.threads);
    fields.optional("max_tokens", type::Whole<std::int64_t>{}, settings.max_tokens);
    return settings;
}

}  // namespace enough
