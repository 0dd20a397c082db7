// make_page REPORT.json PAGE.html: the page of a report, for the tests that look at it in a browser.

#include <enough/orchestrator/evaluation_page.hpp>

#include <nlohmann/json.hpp>

#include <cstdio>
#include <exception>
#include <fstream>

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: make_page REPORT.json PAGE.html\n");
        return 2;
    }
    try {
        std::ifstream in(argv[1], std::ios::binary);
        std::ofstream out(argv[2], std::ios::binary);
        out << enough::evaluation_page(nlohmann::ordered_json::parse(in)) << std::flush;
        return out ? 0 : 1;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "make_page: %s\n", error.what());
        return 1;
    }
}
