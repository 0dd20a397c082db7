// What one can see of the page without a browser: that everything is inside, and that nothing in a report gets out.
// tests/e2e/page_test.py looks at it in one.

#include <enough/orchestrator/evaluation_page.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <vector>

namespace enough {
namespace {

using nlohmann::ordered_json;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view report_begins = "<script type=\"application/json\" id=\"report\">";
constexpr std::string_view script_ends = "</script>";

std::string file(const std::string& path) {
    std::ifstream stream(path, std::ios::binary);
    EXPECT_TRUE(stream) << path;
    return {std::istreambuf_iterator<char>(stream), {}};
}

std::string web(const std::string& name) {
    return file(ENOUGH_TESTS_DIR "/../orchestrator/web/report/" + name);
}

std::size_t count(std::string_view text, std::string_view what) {
    std::size_t found = 0;
    for (auto at = text.find(what); at != std::string_view::npos; at = text.find(what, at + what.size()))
        ++found;
    return found;
}

/// The text of the script element that holds the report, as a browser would cut it out: up to the first end tag.
std::string report_in(const std::string& page) {
    const auto begin = page.find(report_begins) + report_begins.size();
    return page.substr(begin, page.find(script_ends, begin) - begin);
}

TEST(EvaluationPage, EmbedsAllItsParts) {
    const std::string page = evaluation_page({{"workflow", "w"}});
    EXPECT_THAT(page, testing::StartsWith("<!doctype html>\n"));
    EXPECT_THAT(page, HasSubstr("<style>" + web("report.css") + "</style>"));
    EXPECT_THAT(page, HasSubstr("<script>" + file(ENOUGH_CHART_JS) + "</script>"));
    for (const char* part :
         {"values", "elements", "charts", "figures", "tradeoffs", "tables", "items", "head", "report"})
        EXPECT_THAT(page, HasSubstr(web(part + std::string(".js")))) << part;
    for (const char* mark : {"{{policy}}", "{{style}}", "{{report}}", "{{library}}", "{{script}}"})
        EXPECT_THAT(page, Not(HasSubstr(mark)));
}

TEST(EvaluationPage, CarriesTheLicenceOfTheChartLibrary) {
    const std::string page = evaluation_page({});
    EXPECT_THAT(page, HasSubstr("Chart.js Contributors"));
    EXPECT_THAT(page, HasSubstr("Released under the MIT License"));
}

TEST(EvaluationPage, NamesNoAddressButInTheChartLibrarysComments) {
    std::string page = evaluation_page({{"workflow", "w"}});
    const std::string library = file(ENOUGH_CHART_JS);
    page.erase(page.find(library), library.size());
    page = std::regex_replace(page, std::regex("http://www\\.w3\\.org/2000/svg"), "");  // a name, which nobody fetches
    EXPECT_THAT(page, Not(HasSubstr("http:")));
    EXPECT_THAT(page, Not(HasSubstr("https:")));
    EXPECT_FALSE(std::regex_search(page, std::regex("(src|href)=\"(?!#|data:)")));
    EXPECT_EQ(count(page, "url("), 0);
    EXPECT_EQ(count(page, "@import"), 0);
}

TEST(EvaluationPage, AllowsItsOwnTwoScriptsAlone) {
    const std::string page = evaluation_page({});
    const std::regex policy(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
        "script-src 'sha256-[A-Za-z0-9+/]{43}=' 'sha256-[A-Za-z0-9+/]{43}='; style-src 'sha256-[A-Za-z0-9+/]{43}='; "
        "img-src data:; base-uri 'none'; form-action 'none'\">");
    EXPECT_TRUE(std::regex_search(page.substr(0, page.find("<style>")), policy)) << page.substr(0, 1000);
}

TEST(EvaluationPage, NeverMakesMarkupOfText) {
    const std::string page = evaluation_page({});
    for (const char* way : {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "DOMParser"})
        EXPECT_EQ(count(page, way) - count(file(ENOUGH_CHART_JS), way), 0) << way;
}

TEST(EvaluationPage, KeepsHostileTextInsideItsElementAndWhole) {
    const std::vector<std::string> hostile{"</script><script>alert(1)</script>",
                                           "</SCRIPT >",
                                           "<!-- <script>",
                                           "]]>",
                                           "{{script}} {{report}} {{",
                                           "\\u003c/script>",
                                           "\"}</script>",
                                           "\\",
                                           "<",
                                           "\xE2\x80\xA8 \xE2\x80\xA9",
                                           std::string("a\0b", 3),
                                           "$& \\1"};
    const std::string plain = evaluation_page({});
    for (const std::string& text : hostile) {
        SCOPED_TRACE(text);
        const ordered_json report = {
            {"workflow", text}, {text, 1}, {"details", {{{"chain", {{{"heat", {{text, 0.5}}}}}}}}}};
        const std::string page = evaluation_page(report);
        EXPECT_EQ(ordered_json::parse(report_in(page)), report);
        EXPECT_THAT(report_in(page), Not(HasSubstr("<")));
        EXPECT_EQ(count(page, "<script"), count(plain, "<script"));
        EXPECT_EQ(page.size() - report_in(page).size(), plain.size() - report_in(plain).size());
    }
}

TEST(EvaluationPage, ReplacesWhatIsNotUtf8) {
    const std::string page = evaluation_page({{"workflow", "half a sign: \xF0\x9F"}});
    EXPECT_THAT(ordered_json::parse(report_in(page))["workflow"].get<std::string>(),
                testing::StartsWith("half a sign: \xEF\xBF\xBD"));
}

TEST(EvaluationPage, KeepsNumbersAndTheOrderOfKeys) {
    const std::string page = evaluation_page({{"z", 0.1}, {"a", nullptr}, {"m", 1e-300}});
    EXPECT_EQ(report_in(page), R"({"z":0.1,"a":null,"m":1e-300})");
}

}  // namespace
}  // namespace enough
