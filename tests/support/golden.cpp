#include "support/golden.hpp"

#include <cmath>
#include <fstream>
#include <limits>
#include <stdexcept>

namespace enough::test {

using nlohmann::json;

std::vector<GoldenCase> golden_cases(std::string_view topic, std::string_view kind) {
    const std::string path = std::string(ENOUGH_TESTS_DIR "/golden/").append(topic) + ".json";
    std::ifstream file(path);
    if (!file) throw std::runtime_error("cannot read " + path);
    std::vector<GoldenCase> cases;
    const json document = json::parse(file);
    for (const json& entry : document.at("cases")) {
        const std::string own_kind = entry.value("kind", entry.value("rule", ""));
        if (!kind.empty() && own_kind != kind) continue;
        cases.push_back({entry.at("id"), own_kind, entry.at("input"), entry.at("expect")});
    }
    if (cases.empty()) throw std::runtime_error("no cases of kind '" + std::string(kind) + "' in " + path);
    return cases;
}

double number(const json& value) {
    if (value.is_number()) return value.get<double>();
    if (value == "Infinity") return std::numeric_limits<double>::infinity();
    if (value == "-Infinity") return -std::numeric_limits<double>::infinity();
    if (value == "NaN" || value.is_null()) return std::numeric_limits<double>::quiet_NaN();
    throw std::runtime_error("no number: " + value.dump());
}

std::vector<double> numbers(const json& values) {
    std::vector<double> result;
    for (const json& value : values)
        result.push_back(number(value));
    return result;
}

testing::AssertionResult matches(const json& expect, std::string_view field, std::optional<double> got) {
    const auto entry = expect.find(field);
    if (entry == expect.end()) return testing::AssertionSuccess();
    const auto failure = [&] { return testing::AssertionFailure() << field << ": want " << entry->dump() << ", got "; };
    if (!got) return entry->is_null() ? testing::AssertionSuccess() : failure() << "nothing";
    if (entry->is_null()) return failure() << *got;
    const double want = number(*entry);
    const bool close = std::abs(*got - want) <= 1e-9 + 1e-9 * std::abs(want);
    if (close || *got == want) return testing::AssertionSuccess();
    return failure() << testing::PrintToString(*got);
}

testing::AssertionResult matches(const json& expect, std::string_view field, std::string_view got) {
    const auto entry = expect.find(field);
    if (entry == expect.end()) return testing::AssertionSuccess();
    const std::string want = entry->is_null() ? std::string() : entry->get<std::string>();
    if (got == want) return testing::AssertionSuccess();
    return testing::AssertionFailure() << field << ": want " << entry->dump() << ", got \"" << got << '"';
}

}  // namespace enough::test
