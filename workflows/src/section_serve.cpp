#include "field_types.hpp"
#include "loading.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

namespace enough {
namespace {

constexpr std::array<std::string_view, 6> field_words{"temperature", "top_p", "seed",
                                                      "max_tokens",  "stop",  "reasoning_effort"};

}  // namespace

void read_serve(const Value& section, Loading& loading) {
    Fields fields(section);
    using Allowed = type::List<type::Choice<SamplingField>>;
    fields.optional("allow", Allowed{{field_words}, "a list of sampling settings"}, loading.workflow.allowed);
    fields.finish();
}

}  // namespace enough
