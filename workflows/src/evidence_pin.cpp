// `evidence:` of a model.
#include "field_types.hpp"
#include "loading.hpp"

#include <array>
#include <string_view>

namespace enough {
namespace {

constexpr std::array<std::string_view, 3> mode_words{"raw", "tempered", "unknown"};
constexpr std::array<std::string_view, 4> reasoning_words{"covered", "not_covered", "none", "unknown"};

}  // namespace

std::optional<EvidencePin> read_evidence_pin(const Value& value) {
    Fields fields(value);
    EvidencePin pin;
    fields.required("k", type::Whole<int>{0, 1000}, pin.k);
    fields.optional("streamed", type::Boolean{}, pin.streamed);
    fields.optional("mode", type::Choice<LogprobMode>{mode_words}, pin.mode);
    fields.optional("reasoning", type::Choice<ReasoningEvidence>{reasoning_words}, pin.reasoning);
    fields.optional("usage", type::Boolean{}, pin.usage);
    fields.optional("model", type::Text{}, pin.model);
    return fields.finished(std::move(pin));
}

}  // namespace enough
