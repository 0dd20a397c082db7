// How often does a threshold that was calibrated on n items lose more accuracy than it seems to, and which methods keep
// what they promise? Draws calibrations from populations whose truth is known.
#include "report.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <iostream>
#include <iterator>
#include <vector>

using namespace enough::simulation;

int main(int argc, char** argv) {
    CLI::App app("Simulates calibrations of gates on synthetic agents of known difficulty.");
    Plan plan;
    std::vector<std::size_t> sizes{10, 20, 50, 200, 500, 1000};
    bool csv = false;
    bool json = false;
    app.add_option("--replications", plan.replications, "calibrations of each size")
        ->capture_default_str()
        ->check(CLI::Range(2, 10'000'000));
    app.add_option("--seed", plan.seed)->capture_default_str();
    app.add_option("--sizes", sizes, "items of a calibration")->capture_default_str()->check(CLI::Range(1, 1'000'000));
    auto* as_csv = app.add_flag("--csv", csv, "all figures as CSV");
    app.add_flag("--json", json, "all figures as JSON")->excludes(as_csv);
    CLI11_PARSE(app, argc, argv);

    std::vector<Row> rows;
    for (const Population& population : {gain_8, gain_8_both_ways, gain_0, no_signal}) {
        for (const std::size_t size : sizes) {
            std::cerr << population.name << ", " << size << " items …\n";
            std::ranges::move(simulate(population, size, plan), std::back_inserter(rows));
        }
    }
    std::cout << (json ? json_of(rows, plan) : csv ? csv_of(rows) : text_of(rows));
    return 0;
}
