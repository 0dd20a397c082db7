#include <enough/orchestrator/output_grader.hpp>

#include "evaluation/grading_program.hpp"

#include <enough/orchestrator/budget.hpp>
#include <enough/workflows/expression_error.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>
#include <stdexcept>

namespace enough {
namespace {

using nlohmann::json;

constexpr const char* default_prompt =
    "Question:\n{{ inputs }}\n\nReference answer:\n{{ expected }}\n\nAnswer to be judged:\n{{ output }}\n\n"
    "Does the answer to be judged agree with the reference answer? Reply with one word, yes or no.";

json facts_of(const DataItem& item, const std::string& output) {
    return {{"inputs", item.inputs}, {"expected", item.expected}, {"output", output}};
}

/// The last `yes` or `no` of a judge's reply.
std::optional<bool> yes_or_no(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    std::optional<bool> verdict;
    std::string word;
    for (const char c : text + " ") {
        if (std::isalpha(static_cast<unsigned char>(c))) {
            word += c;
            continue;
        }
        if (word == "yes") verdict = true;
        if (word == "no") verdict = false;
        word.clear();
    }
    return verdict;
}

}  // namespace

std::optional<Grader> OutputGrader::pure(const EvalSettings& settings) {
    return is_pure(settings.grader) ? std::optional(Grader::make(settings.grader, settings.pointer)) : std::nullopt;
}

OutputGrader::OutputGrader(const Workflow& workflow, const EvalSettings& settings, const Agents& agents)
    : workflow_(workflow), settings_(settings), pure_(pure(settings)), agents_(agents) {
    if (settings.grader == GraderKind::judge) {
        if (!workflow.agents.contains(settings.agent))
            throw std::invalid_argument("grader 'judge' needs an agent: write eval: {grader: judge, agent: NAME}");
        try {
            prompt_ = Template::parse(settings.prompt.empty() ? default_prompt : settings.prompt);
        } catch (const ExpressionError& fault) {
            throw std::invalid_argument(fmt::format("eval.prompt: {}", fault.what()));
        }
    }
    if (settings.grader == GraderKind::command && settings.command.empty())
        throw std::invalid_argument("grader 'command' needs a program: write eval: {grader: command, command: […]}");
}

Task<bool> OutputGrader::grade(const DataItem& item, const std::optional<std::string>& output) {
    if (!output) co_return false;
    if (pure_) co_return (*pure_)(item.expected, output);
    const std::pair<std::string, std::string> key{item.id.dump(), *output};
    if (const auto known = known_.find(key); known != known_.end()) co_return known->second;
    bool right = false;
    if (settings_.grader == GraderKind::judge) {
        right = co_await ask_judge(item, *output);
    } else {
        right = co_await ask_program(item, *output);
    }
    known_[key] = right;
    co_return right;
}

Task<bool> OutputGrader::ask_judge(const DataItem& item, std::string output) {
    const AgentRole& role = workflow_.agents.at(settings_.agent);
    Request request;
    if (role.system) request.messages.push_back({Role::system, *role.system});
    const json facts = facts_of(item, output);
    request.messages.push_back({Role::user, prompt_.render(facts)});
    request.sampling = role.sampling;
    Agent& agent = *agents_.at(role.model);
    Result<Answer> answer = co_await agent.ask(std::move(request));
    if (!answer) throw std::runtime_error(fmt::format("the judge failed: {}", answer.error().message));
    used_ += answer->usage;
    const bool fell_back = !answer->answered_by.empty();
    used_usd_ += cost_usd(answer->usage,
                          fell_back ? dearest_price(workflow_, role.model) : workflow_.models.at(role.model).price);
    const auto verdict = yes_or_no(answer->text);
    if (!verdict) throw std::runtime_error("the judge said neither yes nor no");
    co_return *verdict;
}

Task<bool> OutputGrader::ask_program(const DataItem& item, std::string output) const {
    const std::string facts = facts_of(item, output).dump(-1, ' ', false, json::error_handler_t::replace);
    const int status = co_await run_grading_program(settings_.command, facts);
    if (status > 1) throw std::runtime_error(fmt::format("the grading program exited with {}", status));
    co_return status == 0;
}

}  // namespace enough
