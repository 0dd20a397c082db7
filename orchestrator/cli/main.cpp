#include "terminal.hpp"
#include "verb.hpp"

#include <enough/orchestrator/version.hpp>

#include <cstdio>
#include <exception>
#include <string>

int main(int argc, char** argv) {
    using namespace enough::cli;
    CLI::App app{"Runs reasoning workflows and spends no more on a question than it needs.", "enough"};
    app.set_version_flag("--version", std::string("enough ") + enough::version);
    app.require_subcommand(1);
    app.fallthrough(false);
    app.footer(
        "Exit codes: 0 done, 1 run failed, 2 bad use or bad file, 3 unresolved, 4 over budget, 130 interrupted.");

    int exit = 0;
    add_check(app, exit);
    add_run(app, exit);
    add_schema(app, exit);
    add_graph(app, exit);
    add_init(app, exit);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : bad_use;
    } catch (const std::exception& error) {
        print_error(error.what());
        return 1;
    }
    return exit;
}
