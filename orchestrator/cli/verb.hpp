#pragma once

#include "exit_codes.hpp"

#include <CLI/CLI.hpp>

namespace enough::cli {

/// Each verb adds its subcommand, which sets `exit` when it was chosen and has run.
void add_check(CLI::App& app, int& exit);
void add_run(CLI::App& app, int& exit);
void add_batch(CLI::App& app, int& exit);
void add_worker(CLI::App& app, int& exit);
void add_schema(CLI::App& app, int& exit);
void add_graph(CLI::App& app, int& exit);
void add_calibrate(CLI::App& app, int& exit);
void add_eval(CLI::App& app, int& exit);
void add_regate(CLI::App& app, int& exit);
void add_serve(CLI::App& app, int& exit);
void add_doctor(CLI::App& app, int& exit);
void add_init(CLI::App& app, int& exit);

}  // namespace enough::cli
