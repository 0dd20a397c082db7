#include "terminal.hpp"
#include "verb.hpp"

#include <enough/orchestrator/version.hpp>

#include <cstdio>
#include <exception>
#include <string>

namespace {

/// The mistake that the parser itself explains badly: a first word that is no verb.
bool names_no_verb(const CLI::App& app, int argc, char** argv) {
    return argc > 1 && argv[1][0] != '-' && app.get_subcommand_no_throw(argv[1]) == nullptr;
}

std::string verbs(const CLI::App& app) {
    std::string list;
    for (const CLI::App* verb : app.get_subcommands({}))
        list += (list.empty() ? "" : ", ") + verb->get_name();
    return list;
}

}  // namespace

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
        if (names_no_verb(app, argc, argv)) {
            print_error(std::string("unknown verb '") + argv[1] + "'; there are " + verbs(app) + " (enough --help)");
            return bad_use;
        }
        return app.exit(error) == 0 ? 0 : bad_use;
    } catch (const std::exception& error) {
        print_error(error.what());
        return 1;
    }
    return exit;
}
