#include "problems.hpp"

#include "terminal.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>

namespace enough::cli {
namespace {

using nlohmann::ordered_json;

ordered_json to_json(const std::vector<Problem>& problems) {
    ordered_json list = ordered_json::array();
    for (const Problem& problem : problems)
        list.push_back({{"severity", problem.severity == Severity::error ? "error" : "warning"},
                        {"file", problem.file},
                        {"line", problem.line},
                        {"column", problem.column},
                        {"path", problem.path},
                        {"message", problem.message}});
    return list;
}

std::string dump(const ordered_json& json) {
    return json.dump(2, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace

std::string problems_json(const std::vector<Problem>& problems) {
    const bool ok = std::none_of(problems.begin(), problems.end(),
                                 [](const Problem& problem) { return problem.severity == Severity::error; });
    return dump({{"ok", ok}, {"problems", to_json(problems)}});
}

std::shared_ptr<const Workflow> load_or_explain(const std::string& file, Format format, Calibrations calibrations,
                                                Pins pins, Warnings warnings, Unset unset) {
    LoadResult loaded = load_workflow(file, process_environment(), calibrations, pins, unset);
    Terminal terminal;
    for (const Problem& problem : loaded.problems) {
        const bool is_error = problem.severity == Severity::error;
        if (is_error ? format == Format::text : warnings == Warnings::shown) terminal.line(to_string(problem));
    }
    if (loaded.workflow) return loaded.workflow;
    const std::string message = fmt::format("{} can't be used; nothing was run", file);
    if (format == Format::json)
        fmt::print("{}\n", dump({{"error", {{"kind", "bad_file"}, {"message", message}}},
                                 {"problems", to_json(loaded.problems)}}));
    else
        print_error(message);
    return nullptr;
}

void explain(const std::string& message, Format format) {
    print_error(message);
    if (format == Format::json)
        fmt::print("{}\n",
                   dump({{"error", {{"kind", "bad_use"}, {"message", message}}}, {"problems", ordered_json::array()}}));
}

}  // namespace enough::cli
