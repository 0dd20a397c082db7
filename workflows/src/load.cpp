#include <enough/workflows/load.hpp>

#include "extends.hpp"
#include "field_types.hpp"
#include "include.hpp"
#include "loading.hpp"
#include "scalar.hpp"
#include "secrets.hpp"
#include "shared_load.hpp"
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
    fields.take("secrets");
    section("inputs", read_inputs);
    section("models", read_models);
    assign_model_keys(loading);
    check_fallbacks(loading);
    section("tools", read_tools);
    section("agents", read_agents);
    section("gates", read_gates);
    section("limits", read_limits);
    section("eval", read_eval);
    section("serve", read_serve);
    fields.require("steps");
    const auto steps = fields.take("steps");
    const auto output = fields.take("output");
    read_steps_and_output(steps, output, loading);
    check_whole(loading);
    fields.finish();
}

LoadResult load(std::string_view text, const std::string& name, const std::filesystem::path& file, SharedLoad& shared) {
    shared.chain.push_back(
        {file.empty() ? file : shared.files.key(file), in_quotes(std::filesystem::path(name).filename().string())});
    auto workflow = load_one(text, name, file, shared);
    return {std::move(workflow), shared.problems.sorted()};
}

}  // namespace

std::shared_ptr<const Workflow> load_one(std::string_view text, const std::string& name,
                                         const std::filesystem::path& file, SharedLoad& shared) {
    Problems& problems = shared.problems;
    Sources sources = shared.sources.beside();
    const std::size_t errors_before = problems.errors();
    std::optional<Node> root = parse_yaml(text, sources.add(name, file.parent_path()), problems);
    if (!root) return nullptr;
    substitute(*root, shared.environment, shared.unset, problems);
    const bool complete = include_files(*root, file, sources, shared);
    if (shared.unset == Unset::refused)
        fill_secrets(*root, shared.environment, shared.files, problems);
    else
        leave_secrets(*root);
    for (const char* section : {"models", "agents", "gates"})
        if (Node* node = root->find(section)) resolve_extends(*node, section, complete, problems);
    const auto names = [&](const char* section, const char* kind) {
        return names_of_section(*root, section, kind, complete);
    };
    Loading loading{shared,
                    *root,
                    sources,
                    problems,
                    names("models", "model"),
                    names("agents", "agent"),
                    names("gates", "gate"),
                    names("inputs", "input"),
                    names("tools", "tool server"),
                    shared.calibrations};
    read_sections(*root, loading, name);
    if (problems.errors() > errors_before) return nullptr;
    std::vector<std::string> texts = sources.texts();
    texts.insert(texts.end(), loading.sub_hashes.begin(), loading.sub_hashes.end());
    loading.workflow.hash = workflow_hash(*root, texts);
    return std::make_shared<const Workflow>(std::move(loading.workflow));
}

LoadResult load_main(const std::filesystem::path& file, const std::string& name, SharedLoad& shared) {
    const FileText read = shared.files.read(file, YamlLimits{}.file_bytes, FileKinds::any);
    if (read.text) return load(*read.text, name, file, shared);
    Problem problem;
    problem.file = name;
    problem.message = "the file can't be read: " + read.fault;
    return {nullptr, {std::move(problem)}};
}

Environment process_environment() {
    return [](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        return value == nullptr ? std::nullopt : std::optional<std::string>(value);
    };
}

LoadResult load_workflow(const std::filesystem::path& file, const Environment& environment, Calibrations calibrations,
                         Pins pins, Unset unset) {
    Disk disk;
    SharedLoad shared{environment, disk, calibrations, pins, unset};
    return load_main(file, file.string(), shared);
}

LoadResult load_workflow_text(std::string_view text, const std::string& name, const Environment& environment,
                              Calibrations calibrations) {
    Disk disk;
    SharedLoad shared{environment, disk, calibrations};
    return load(text, name, {}, shared);
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
