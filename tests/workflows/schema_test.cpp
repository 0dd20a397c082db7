#include "problems.hpp"
#include "substitute.hpp"
#include "tree_json.hpp"
#include "workflow_files.hpp"
#include "yaml_tree.hpp"

#include <enough/workflows/load.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>
#include <string>

namespace enough {
namespace {

using Adapter = valijson::adapters::NlohmannJsonAdapter;

enum class Variables { as_written, filled_in };

/// What the published schema says of a file: nothing, or why not.
class SchemaCheck {
public:
    SchemaCheck() : json_(nlohmann::json::parse(workflow_schema())) {
        valijson::SchemaParser(valijson::SchemaParser::kDraft7).populateSchema(Adapter(json_), schema_);
    }

    std::optional<std::string> refusal(const std::filesystem::path& file, Variables variables) const {
        Problems problems;
        std::optional<Node> root = parse_yaml(contents(file), nullptr, problems);
        if (!root) return "no YAML";
        if (variables == Variables::filled_in) substitute(*root, test_environment(), Unset::refused, problems);
        const nlohmann::json document = to_json(*root);
        valijson::Validator validator(valijson::Validator::kStrongTypes);
        valijson::ValidationResults results;
        if (validator.validate(schema_, Adapter(document), &results)) return std::nullopt;
        std::string text;
        for (valijson::ValidationResults::Error error; results.popError(error);) {
            for (const std::string& part : error.context)
                text += part;
            text += ": " + error.description + "\n";
        }
        return text;
    }

private:
    nlohmann::json json_;
    valijson::Schema schema_;
};

// The loader's verdict on the same files is checked in load_files_test.cpp.
TEST(Schema, accepts_what_the_loader_accepts) {
    const SchemaCheck schema;
    for (const auto& file : yaml_files("good")) {
        EXPECT_EQ(schema.refusal(file, Variables::as_written).value_or(""), "") << file;
        EXPECT_EQ(schema.refusal(file, Variables::filled_in).value_or(""), "") << file;
    }
}

TEST(Schema, refuses_what_the_loader_refuses_for_its_structure) {
    const SchemaCheck schema;
    for (const auto& file : yaml_files("bad")) {
        EXPECT_TRUE(schema.refusal(file, Variables::as_written)) << file;
        EXPECT_TRUE(schema.refusal(file, Variables::filled_in)) << file;
    }
}

// Each line that the loader objects to in bad/ is enough for the schema to refuse the file: with the other lines put
// right it would still see it. Checked for the files whose mistakes stand one a line.
TEST(Schema, sees_each_single_mistake) {
    const SchemaCheck schema;
    const auto scratch = std::filesystem::path(testing::TempDir()) / "enough-schema-test.yaml";
    for (const char* name :
         {"gates", "inputs", "answer", "providers", "bodies", "loops", "failure", "panels", "gate_signals",
          "call_settings", "tools", "answer_schema", "typed_inputs", "servers", "secrets", "evidence_pins"}) {
        const auto file = workflow_files("bad") / (std::string(name) + ".yaml");
        const LoadResult loaded = load_workflow(file, test_environment());
        std::set<int> bad_lines;
        for (const Problem& problem : loaded.problems)
            if (problem.severity == Severity::error) bad_lines.insert(problem.line);
        ASSERT_GE(bad_lines.size(), 3U) << name;
        for (const int kept : bad_lines) {
            std::istringstream lines(contents(file));
            std::ofstream single(scratch);
            int number = 0;
            for (std::string line; std::getline(lines, line);)
                if (++number == kept || !bad_lines.contains(number)) single << line << "\n";
            single.close();
            EXPECT_TRUE(schema.refusal(scratch, Variables::as_written)) << file << " line " << kept;
        }
    }
    std::filesystem::remove(scratch);
}

TEST(Schema, accepts_what_only_the_loader_can_refuse) {
    const SchemaCheck schema;
    for (const char* name :
         {"calibrations", "expressions", "extends", "fallbacks", "files", "graphs", "money", "panels", "pinned",
          "references", "schemas", "secrets", "sub_workflows", "tools", "unknown_names"})
        EXPECT_EQ(schema.refusal(workflow_files("bad-semantic") / (std::string(name) + ".yaml"), Variables::as_written)
                      .value_or(""),
                  "")
            << name;
}

TEST(Schema, is_draft_07) {
    EXPECT_EQ(nlohmann::json::parse(workflow_schema()).at("$schema"), "http://json-schema.org/draft-07/schema#");
}

}  // namespace
}  // namespace enough
