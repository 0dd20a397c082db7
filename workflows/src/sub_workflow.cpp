#include "field_types.hpp"
#include "scalar.hpp"
#include "shared_load.hpp"
#include "step_reader.hpp"
#include "suggest.hpp"
#include "tree_json.hpp"

#include <enough/workflows/inputs.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace enough {
namespace {

constexpr std::size_t deepest = 8;  ///< workflows inside the one that is run
constexpr std::size_t most_files = 64;

/// `'a.yaml' runs 'b.yaml' runs 'a.yaml'`, from `first` in the chain.
std::string way(const SharedLoad& shared, std::size_t first, const std::string& last) {
    std::string text;
    for (std::size_t i = first; i < shared.chain.size(); ++i)
        text += shared.chain[i].shown + " runs ";
    return text + last;
}

std::shared_ptr<const Workflow> load_file(const Value& name, const std::filesystem::path& path, SharedLoad& shared) {
    const FileText file = shared.files.read(path, YamlLimits{}.file_bytes, FileKinds::regular);
    if (file.text) return load_one(*file.text, path.string(), path, shared);
    name.error(fmt::format("file {}: {}", shown(name.node()), file.fault));
    return nullptr;
}

/// The workflow that `name` names, read once. Null when it can't be used, which was reported.
std::shared_ptr<const Workflow> workflow_named(const Value& name, SharedLoad& shared) {
    const auto text = type::Text{}(name);
    if (!text) return nullptr;
    const std::filesystem::path path = resolved(name.mark(), *text);
    const std::filesystem::path key = shared.files.key(path);
    for (std::size_t i = 0; i < shared.chain.size(); ++i) {
        if (shared.chain[i].file.empty() || shared.chain[i].file != key) continue;
        name.error(fmt::format("a cycle: {}", way(shared, i, shown(name.node()))));
        return nullptr;
    }
    if (const auto known = shared.workflows.find(key); known != shared.workflows.end()) return known->second;
    if (shared.chain.size() > deepest) {
        name.error(fmt::format("workflows inside each other more than {} deep", deepest));
        return nullptr;
    }
    if (shared.workflows.size() >= most_files) {
        name.error(fmt::format("more than {} workflow files", most_files));
        return nullptr;
    }
    shared.chain.push_back({key, shown(name.node())});
    auto workflow = load_file(name, path, shared);
    shared.chain.pop_back();
    return shared.workflows.emplace(key, std::move(workflow)).first->second;
}

/// The expression of a text that is one `{{ expression }}` and nothing else.
std::optional<Expression> only_expression(const std::string& text) {
    const auto trimmed_begin = text.find_first_not_of(" \t\r\n");
    const auto trimmed_end = text.find_last_not_of(" \t\r\n");
    if (trimmed_begin == std::string::npos) return std::nullopt;
    return Template::parse(text.substr(trimmed_begin, trimmed_end + 1 - trimmed_begin)).only_expression();
}

std::optional<SubWorkflow::Argument> read_argument(const std::string& input, const Value& value,
                                                   ExpressionReader& expressions) {
    SubWorkflow::Argument argument{input, {}, std::nullopt};
    const bool text_like =
        value.is_scalar() && (!value.node().variable.empty() || scalar_type(value.node()) == ScalarType::text);
    if (!text_like) {
        if (value.is_scalar() && scalar_type(value.node()) == ScalarType::null) return value.expected("a value");
        argument.value = Expression::constant(to_json(value.node()));
        return argument;
    }
    auto text = expressions.read_template(value, value.node().text);
    if (!text) return std::nullopt;
    argument.text = *std::move(text);
    argument.value = only_expression(value.node().text);
    return argument;
}

/// A value that stands in the file can be compared with the input's type now.
void check_constant(const Workflow& workflow, const SubWorkflow::Argument& argument, const Value& value) {
    if (!argument.value || !argument.text.empty()) return;
    std::vector<std::string> faults;
    check_input(workflow, argument.input, argument.value->evaluate({}), faults);
    for (std::string& fault : faults)
        value.error(std::move(fault));
}

void read_arguments(const std::optional<Value>& inputs, const Workflow* workflow, SubWorkflow& body,
                    ExpressionReader& expressions) {
    if (!inputs) return;
    if (!inputs->is_map()) {
        inputs->expected("a map of inputs");
        return;
    }
    Names known{"input", {}, workflow != nullptr};
    if (workflow != nullptr)
        for (const auto& [name, input] : workflow->inputs)
            known.names.push_back(name);
    for (const Node::Entry& entry : inputs->node().entries) {
        if (is_extension(entry.key)) continue;
        const Value value = inputs->at(entry);
        auto argument = read_argument(entry.key, value, expressions);
        const bool found = std::find(known.names.begin(), known.names.end(), entry.key) != known.names.end();
        if (known.complete && !found) {
            const std::string meant = did_you_mean(entry.key, known.names);
            value.problems().error(entry.mark, value.path(),
                                   fmt::format("the workflow has no input {}{}", in_quotes(entry.key), meant));
        } else if (argument && workflow != nullptr) {
            check_constant(*workflow, *argument, value);
            body.arguments.push_back(*std::move(argument));
        }
    }
}

void check_required(const Fields& fields, const std::optional<Value>& inputs, const Workflow& workflow) {
    for (const auto& [name, input] : workflow.inputs) {
        if (input.default_value) continue;
        if (inputs && (!inputs->is_map() || inputs->node().incomplete || inputs->node().find(name) != nullptr))
            continue;
        (inputs ? *inputs : fields.value().at("workflow"))
            .error(fmt::format("input '{}' of the workflow is missing; it has no default", name));
    }
}

}  // namespace

std::optional<SubWorkflow> read_sub_workflow(Fields& fields, ExpressionReader& expressions, Loading& loading) {
    SubWorkflow body;
    const Value name = *fields.take("workflow");
    const auto inputs = fields.take("inputs");
    body.workflow = workflow_named(name, loading.shared);
    read_arguments(inputs, body.workflow.get(), body, expressions);
    if (!body.workflow) return std::nullopt;
    check_required(fields, inputs, *body.workflow);
    loading.sub_hashes.push_back(body.workflow->hash);
    return body;
}

}  // namespace enough
