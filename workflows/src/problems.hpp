#pragma once

#include "yaml_tree.hpp"

#include <enough/workflows/load.hpp>

#include <cstddef>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace enough {

/// Collects everything that is wrong with a workflow.
class Problems {
public:
    void error(const Mark& mark, std::string path, std::string message);
    void warning(const Mark& mark, std::string path, std::string message);

    std::size_t errors() const { return errors_; }

    /// Is there an error at this very place? Inherited and aliased values are read several times.
    bool error_at(const Mark& mark) const;

    /// All of them in file order, each once: an anchor used thrice or an inherited key is one mistake.
    std::vector<Problem> sorted() const;

private:
    void add(Severity severity, const Mark& mark, std::string path, std::string message);

    struct Entry {
        int order;
        Problem problem;
    };
    std::vector<Entry> entries_;
    std::size_t errors_ = 0;
    std::set<std::tuple<int, int, int>> places_;  ///< of errors: file, line, column
};

}  // namespace enough
