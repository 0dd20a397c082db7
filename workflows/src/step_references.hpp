#pragma once

#include "fields.hpp"
#include "loading.hpp"

#include <enough/workflows/expression.hpp>
#include <enough/workflows/template.hpp>

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace enough {

/// The steps of a file by position, and the names that expressions may use.
struct StepNames {
    Names ids;  ///< one a step, in file order; empty where it is unusable
    const Names& inputs;

    std::optional<std::size_t> position(const std::string& id) const;
};

/// Reads expressions and templates that stand at step `at` (or behind the last one) and checks what they refer to:
/// inputs, and fields of earlier steps. The positions of those steps are added to `used`.
class ExpressionReader {
public:
    ExpressionReader(const StepNames& names, std::size_t at) : names_(names), at_(at) {}

    std::optional<Template> read_template(const Value& where, const std::string& text);
    std::optional<Expression> read_expression(const Value& where, const std::string& text);

    const std::set<std::size_t>& used() const { return used_; }

private:
    void check(const std::vector<Path>& paths, const Value& where);
    void check_input(const Path& path, const Value& where) const;
    void check_step(const Path& path, const Value& where);

    const StepNames& names_;
    std::size_t at_;
    std::set<std::size_t> used_;
};

/// Is step `found` before step `at`? If not, says what is wrong with naming it there; `id_shown` is fit for a message.
bool check_earlier(const Value& where, const std::string& id_shown, std::size_t found, std::size_t at);

}  // namespace enough
