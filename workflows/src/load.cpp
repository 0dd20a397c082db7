#include <enough/workflows/load.hpp>

#include "extends.hpp"
#include "field_types.hpp"
#include "include.hpp"
#include "loading.hpp"
#include "sources.hpp"
#include "substitute.hpp"
#include "tree_json.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <utility>

namespace enough {
namespace {

/// The file's own name is the workflow's where it gives none.
std::string name_from(const std::string& file) {
    std::string name = std::filesystem::path(file).stem().string();
    for (char& c : name)
        if (!is_identifier(std::string("_") + c) && c != '-' && c != '.') c = '-';
    return name.empty() ? "workflow" : name;
}

std::optional<std::string> read_name(const Value& value) {
    const auto name = type::Text{}(value);
    if (!name) return std::nullopt;
    const bool fits = std::all_of(name->begin(), name->end(),
                                  [](char c) { return c == '-' || c == '.' || is_identifier(std::string("_") + c); });
    if (!fits) return value.expected("a name of letters, digits, '_', '.' and '-'");
    return name;
}

/// Reads the sections one after the other; what comes later may refer to what came before.
void read_sections(Node& root, Loading& loading, const std::string& file) {
    Fields fields(Value(root, "", loading.problems));
    const auto section = [&](std::string_view key, void (*read)(const Value&, Loading&)) {
        if (const auto value = fields.take(key)) read(*value, loading);
    };
    std::int64_t version = 0;
    fields.required("version", type::FormatVersion{}, version);
    loading.workflow.name = name_from(file);
    fields.optional("name", read_name, loading.workflow.name);
    fields.optional("description", type::Text{true}, loading.workflow.description);
    fields.take("include");
    section("inputs", read_inputs);
    section("models", read_models);
    section("agents", read_agents);
    section("gates", read_gates);
    section("limits", read_limits);
    section("eval", read_eval);
    fields.require("steps");
    const auto steps = fields.take("steps");
    const auto output = fields.take("output");
    read_steps_and_output(steps, output, loading);
    check_whole(loading);
    fields.hint("secrets", "it is not supported by this version");
    fields.finish();
}

LoadResult finish(const Problems& problems, std::shared_ptr<const Workflow> workflow) {
    return {std::move(workflow), problems.sorted()};
}

LoadResult load(std::string_view text, const std::string& name, const std::filesystem::path& file,
                const Environment& environment, Calibrations calibrations) {
    Problems problems;
    Sources sources;
    const auto source = sources.add(name, file.parent_path());
    std::optional<Node> root = parse_yaml(text, source, problems);
    if (!root) return finish(problems, nullptr);
    substitute(*root, environment, problems);
    const bool complete = include_files(*root, file, sources, environment, problems);
    for (const char* section : {"models", "agents", "gates"})
        if (Node* node = root->find(section)) resolve_extends(*node, section, problems);
    const auto names = [&](const char* section, const char* kind) {
        return names_of_section(*root, section, kind, complete);
    };
    Loading loading{*root,
                    sources,
                    problems,
                    names("models", "model"),
                    names("agents", "agent"),
                    names("gates", "gate"),
                    names("inputs", "input"),
                    calibrations,
                    {},
                    {},
                    {}};
    read_sections(*root, loading, name);
    if (problems.errors() > 0) return finish(problems, nullptr);
    loading.workflow.hash = workflow_hash(*root, sources.texts());
    return finish(problems, std::make_shared<const Workflow>(std::move(loading.workflow)));
}

}  // namespace

Environment process_environment() {
    return [](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        return value == nullptr ? std::nullopt : std::optional<std::string>(value);
    };
}

LoadResult load_workflow(const std::filesystem::path& file, const Environment& environment, Calibrations calibrations) {
    const FileText read = read_file(file, YamlLimits{}.file_bytes, FileKinds::any);
    if (read.text) return load(*read.text, file.string(), file, environment, calibrations);
    Problem problem;
    problem.file = file.string();
    problem.message = "the file can't be read: " + read.fault;
    return {nullptr, {std::move(problem)}};
}

LoadResult load_workflow_text(std::string_view text, const std::string& name, const Environment& environment,
                              Calibrations calibrations) {
    return load(text, name, {}, environment, calibrations);
}

std::shared_ptr<const Workflow> parse_workflow(std::string_view text, const std::string& name) {
    LoadResult result = load_workflow_text(text, name);
    if (!result.workflow) throw ConfigError(std::move(result.problems));
    return result.workflow;
}

namespace {

std::string listed(const std::vector<Problem>& problems) {
    std::string text;
    for (const Problem& problem : problems)
        text += (text.empty() ? "" : "\n") + to_string(problem);
    return text;
}

}  // namespace

ConfigError::ConfigError(std::vector<Problem> problems)
    : std::runtime_error(listed(problems)), problems_(std::move(problems)) {}

}  // namespace enough
