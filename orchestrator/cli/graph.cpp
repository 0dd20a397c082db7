#include "problems.hpp"
#include "verb.hpp"

#include <enough/orchestrator/graph.hpp>

#include <fmt/format.h>

#include <memory>

namespace enough::cli {

void add_graph(CLI::App& app, int& exit) {
    auto file = std::make_shared<std::string>();
    CLI::App* verb = app.add_subcommand("graph", "Print a workflow as a Mermaid flowchart");
    verb->add_option("file", *file, "Workflow file")->required()->type_name("FILE");
    verb->callback([file, &exit] {
        const auto workflow = load_or_explain(*file, Format::text, Calibrations::required, Pins::ignored,
                                              Warnings::left_out, Unset::shown);
        if (workflow) fmt::print("{}", mermaid(*workflow));
        exit = workflow ? 0 : bad_use;
    });
}

}  // namespace enough::cli
