#pragma once

#include "expression_reader.hpp"
#include "fields.hpp"
#include "loading.hpp"
#include "step_scope.hpp"

#include <optional>
#include <string>
#include <vector>

namespace enough {

/// The steps of a list, which stand in `scope`; those with errors are left out.
std::vector<Step> read_step_list(const Value& list, StepScope& scope, Loading& loading);

/// What a step, a case or each pass of a loop does, from the keys of its map: `agent`, `ladder`, `panel`, `workflow`,
/// `switch` or `approve`. Absent when that has errors. `id`: of the step.
std::optional<StepBody> read_body(Fields& fields, const std::string& id, StepScope& scope, Loading& loading);

/// A template where `prompt` and the like stand: text, or `{file: PATH}`.
std::optional<Template> read_text_template(Fields& fields, std::string_view key, ExpressionReader& expressions,
                                           Loading& loading);

std::optional<Ladder> read_ladder(Fields& fields, ExpressionReader& expressions, Loading& loading);
std::optional<Switch> read_switch(const Value& value, const std::string& id, StepScope& scope, Loading& loading);
std::optional<SubWorkflow> read_sub_workflow(Fields& fields, ExpressionReader& expressions, Loading& loading);
std::optional<Approval> read_approval(const Value& value, ExpressionReader& expressions, Loading& loading);

/// The list that `for_each` goes through: an expression, or written out.
std::optional<Expression> read_items(const Value& value, ExpressionReader& expressions);

/// What becomes of a step that fails: `timeout`, `retry`, `on_error`, `fallback`.
void read_failure_keys(Fields& fields, Step& step, ExpressionReader& expressions);

}  // namespace enough
