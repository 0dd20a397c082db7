#include "terminal.hpp"
#include "verb.hpp"

#include <enough/orchestrator/version.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <string>
#include <vector>

namespace {

std::vector<std::string> verbs(const CLI::App& app) {
    std::vector<std::string> names;
    for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; }))
        names.push_back(verb->get_name());
    return names;
}

/// The mistake that the parser itself explains badly: a first word that is no verb.
bool names_no_verb(const CLI::App& app, int argc, char** argv) {
    if (argc < 2 || argv[1][0] == '-') return false;
    const auto known = verbs(app);
    return std::find(known.begin(), known.end(), argv[1]) == known.end();
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
    add_batch(app, exit);
    add_worker(app, exit);
    add_calibrate(app, exit);
    add_eval(app, exit);
    add_regate(app, exit);
    add_serve(app, exit);
    add_doctor(app, exit);
    add_schema(app, exit);
    add_graph(app, exit);
    add_init(app, exit);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (names_no_verb(app, argc, argv)) {
            print_error(
                fmt::format("unknown verb '{}'; there are {} (enough --help)", argv[1], fmt::join(verbs(app), ", ")));
            return bad_use;
        }
        return app.exit(error) == 0 ? 0 : bad_use;
    } catch (const std::exception& error) {
        print_error(error.what());
        return 1;
    }
    return exit;
}
