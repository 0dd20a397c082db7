#pragma once

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace enough::test {

/// One case of `tests/golden/<topic>.json`.
struct GoldenCase {
    std::string id;
    std::string kind;  ///< `kind` or `rule`, empty where the topic has none
    nlohmann::json input;
    nlohmann::json expect;
};

/// All cases of a topic, or those of one kind. Throws if the file is not there or holds none.
std::vector<GoldenCase> golden_cases(std::string_view topic, std::string_view kind = {});

/// A number of the files: also the strings `NaN`, `Infinity`, `-Infinity`; `null` is a NaN.
double number(const nlohmann::json& value);
std::vector<double> numbers(const nlohmann::json& values);

/// Does `got` match `expect[field]`: within 1e-9 absolute and relative, absent for `null`? A field that is not there is
/// not checked.
testing::AssertionResult matches(const nlohmann::json& expect, std::string_view field, std::optional<double> got);
/// The same for texts. An empty text matches `null`.
testing::AssertionResult matches(const nlohmann::json& expect, std::string_view field, std::string_view got);

}  // namespace enough::test
