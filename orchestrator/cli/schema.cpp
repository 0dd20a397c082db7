#include "verb.hpp"

#include <enough/workflows/load.hpp>

#include <fmt/format.h>

namespace enough::cli {

void add_schema(CLI::App& app, int& exit) {
    CLI::App* verb = app.add_subcommand("schema", "Print the JSON Schema of workflow files, for editors");
    verb->callback([&exit] {
        fmt::print("{}\n", workflow_schema());
        exit = 0;
    });
}

}  // namespace enough::cli
