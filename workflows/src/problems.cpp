#include "problems.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

namespace enough {
namespace {

std::tuple<int, int, int> place(const Mark& mark) {
    return {mark.source ? mark.source->order : 0, mark.line, mark.column};
}

}  // namespace

bool Problems::error_at(const Mark& mark) const {
    return places_.contains(place(mark));
}

void Problems::error(const Mark& mark, std::string path, std::string message) {
    ++errors_;
    places_.insert(place(mark));
    add(Severity::error, mark, std::move(path), std::move(message));
}

void Problems::warning(const Mark& mark, std::string path, std::string message) {
    add(Severity::warning, mark, std::move(path), std::move(message));
}

void Problems::add(Severity severity, const Mark& mark, std::string path, std::string message) {
    Problem problem;
    problem.severity = severity;
    problem.file = mark.source ? mark.source->name : "";
    problem.line = mark.line;
    problem.column = mark.column;
    problem.path = std::move(path);
    problem.message = std::move(message);
    entries_.push_back({mark.source ? mark.source->order : 0, std::move(problem)});
}

std::vector<Problem> Problems::sorted() const {
    std::vector<Entry> entries = entries_;
    std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
        return std::tie(a.order, a.problem.line, a.problem.column) <
               std::tie(b.order, b.problem.line, b.problem.column);
    });
    std::vector<Problem> result;
    std::set<std::tuple<std::string, int, int, std::string>> seen;
    for (Entry& entry : entries) {
        const Problem& problem = entry.problem;
        if (seen.emplace(problem.file, problem.line, problem.column, problem.message).second)
            result.push_back(std::move(entry.problem));
    }
    return result;
}

std::string to_string(const Problem& problem) {
    std::string text = problem.file;
    if (problem.line > 0) text += fmt::format(":{}:{}", problem.line, problem.column);
    text += ": ";
    if (!problem.path.empty()) text += problem.path + ": ";
    if (problem.severity == Severity::warning) text += "warning: ";
    return text + problem.message;
}

}  // namespace enough
