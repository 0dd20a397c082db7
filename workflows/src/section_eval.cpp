#include "field_types.hpp"
#include "loading.hpp"

#include <fmt/format.h>

#include <array>
#include <stdexcept>
#include <string_view>

namespace enough {
namespace {

constexpr std::array<std::string_view, 7> grader_words{"exact", "number", "choice", "regex",
                                                       "json",  "judge",  "command"};

/// `key` means something to one grader only.
void check_belongs(const Fields& fields, std::string_view key, GraderKind its, GraderKind given) {
    if (fields.has(key) && its != given)
        fields.value().at(key).error(fmt::format("'{}' belongs to 'grader: {}'", key, name(its)));
}

}  // namespace

void read_eval(const Value& section, Loading& loading) {
    Fields fields(section);
    EvalSettings eval;
    const bool known = fields.required("grader", type::Choice<GraderKind>{grader_words}, eval.grader);
    const bool pointer = fields.optional("pointer", type::Text{}, eval.pointer);
    fields.optional("agent", type::Reference{loading.agents}, eval.agent);
    fields.optional("prompt", type::TextOrFile{loading.sources}, eval.prompt);
    fields.optional("command", type::OneOrList<type::Text>{{}, "a program, or a list of it and its arguments"},
                    eval.command);
    if (known) {
        check_belongs(fields, "pointer", GraderKind::json, eval.grader);
        check_belongs(fields, "agent", GraderKind::judge, eval.grader);
        check_belongs(fields, "prompt", GraderKind::judge, eval.grader);
        check_belongs(fields, "command", GraderKind::command, eval.grader);
        if (eval.grader == GraderKind::judge) fields.require("agent");
        if (eval.grader == GraderKind::command) fields.require("command");
        try {
            if (pointer && eval.grader == GraderKind::json) Grader::make(eval.grader, eval.pointer);
        } catch (const std::invalid_argument& fault) {
            fields.value().at("pointer").error(fault.what());
        }
    }
    if (auto read = fields.finished(std::move(eval)); read && known) loading.workflow.eval = *std::move(read);
}

}  // namespace enough
