#include "problems.hpp"
#include "terminal.hpp"
#include "verb.hpp"

#include <fmt/format.h>

#include <memory>

namespace enough::cli {
namespace {

struct Arguments {
    std::string file;
    std::string format = "text";
};

void print_refine_prompts(const Workflow& workflow) {
    each_step(workflow.steps, [](const Step& step) {
        const auto* ladder = std::get_if<Ladder>(&step.body);
        if (!ladder) return;
        for (const Rung& rung : ladder->rungs)
            if (const auto* agent = std::get_if<AgentRung>(&rung); agent && agent->refine)
                fmt::print("  {}: {} refines up to {} steps: \"{}\"\n", step.id, agent->agent, agent->refine->max_steps,
                           agent->refine->prompt);
    });
}

int check(const Arguments& arguments) {
    const LoadResult loaded = load_workflow(arguments.file);
    const int exit = loaded.workflow ? 0 : bad_use;
    if (arguments.format == "json") {
        fmt::print("{}\n", problems_json(loaded.problems));
        return exit;
    }
    for (const Problem& problem : loaded.problems)
        fmt::print("{}\n", to_string(problem));
    if (!loaded.workflow) return exit;
    const Workflow& workflow = *loaded.workflow;
    fmt::print("{}: ok: workflow '{}' with {} model(s), {} agent(s), {} step(s)\n", arguments.file, workflow.name,
               workflow.models.size(), workflow.agents.size(), workflow.steps.size());
    print_refine_prompts(workflow);
    return exit;
}

}  // namespace

void add_check(CLI::App& app, int& exit) {
    auto arguments = std::make_shared<Arguments>();
    CLI::App* verb = app.add_subcommand("check", "Load a workflow and print every problem in it");
    verb->add_option("file", arguments->file, "Workflow file")->required()->type_name("FILE");
    verb->add_option("--format", arguments->format, "text or json")->check(CLI::IsMember({"text", "json"}));
    verb->add_flag_callback("--json", [arguments] { arguments->format = "json"; }, "The same as --format json");
    verb->callback([arguments, &exit] { exit = check(*arguments); });
}

}  // namespace enough::cli
