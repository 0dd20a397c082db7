#pragma once

#include "fields.hpp"
#include "loading.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace enough {

/// What a step does, as far as its fields depend on it.
enum class StepKind { asked, for_each, loop, other };
StepKind step_kind(const Node& step);
StepKind body_kind(const Node& step);  ///< `for_each` and `loop` left aside

/// Where every step of a file stands, known before any is read.
struct StepSites {
    struct Site {
        std::string inside;       ///< the step around it; empty: none
        std::string_view around;  ///< `for_each`, `loop` or `switch`
    };
    std::map<std::string, Site, std::less<>> by_id;
    std::map<const Node*, Names> ids_of;  ///< of each list of steps, in order; empty where an id can't be used
};

/// Finds all steps below `steps`, and reports ids that can't be used or stand there twice.
StepSites find_steps(const Value& steps);

/// The steps among which a step stands, and what it may name: those before it, and what is seen from the step around.
struct StepScope {
    const Names& ids;              ///< of its steps, in order
    std::vector<StepKind> kinds;   ///< of the same
    StepScope* outer = nullptr;    ///< null: at the top
    std::size_t at = 0;            ///< the step that is being read
    std::set<std::size_t> used{};  ///< steps that it named
    bool items = false;            ///< each item of a list: `item`, `index`
    bool passes = false;           ///< again and again: `iteration`
    bool previous = false;         ///< … and `previous`

    std::optional<std::size_t> position(const std::string& id) const;
    bool inside(const std::string& id) const;  ///< is it a step around this?
    Names in_sight() const;                    ///< its steps, and what is seen from the steps around
};

/// The scope of a list of steps that was found before.
StepScope scope_of(const Value& list, const StepSites& sites, StepScope* outer = nullptr);

/// Is step `found` before step `at`? If not, says what is wrong with naming it there; `id_shown` is fit for a message.
bool check_earlier(const Value& where, const std::string& id_shown, std::size_t found, std::size_t at);

/// Says why a step can't be named that is not among those in sight. `known`: what may be named there.
void report_unseen_step(const Value& where, const std::string& id, const Names& known, const StepScope& scope,
                        const StepSites& sites, std::string_view instead);

}  // namespace enough
