#include <enough/workflows/pin_edit.hpp>

#include "support/temporary_folder.hpp"
#include "workflow_files.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

namespace enough {
namespace {

const EvidencePin pin{20, true, LogprobMode::raw, ReasoningEvidence::covered, true, "m-1"};
const std::string line = "evidence: {k: 20, mode: raw, reasoning: covered, usage: true, model: \"m-1\"}";

class PinEdits : public testing::Test {
protected:
    void write(const std::string& name, const std::string& text) const {
        std::ofstream(folder_.file(name), std::ios::binary) << text;
    }

    std::variant<PinEdit, std::string> edit(const std::string& models, const std::string& model = "a") const {
        write("w.yaml", models);
        return edit_pin(folder_.file("w.yaml"), model, pin, variables({}));
    }

    /// The new text, or the refusal in words.
    std::string edited(const std::string& models, const std::string& model = "a") const {
        const auto result = edit(models, model);
        const auto* text = std::get_if<PinEdit>(&result);
        return text != nullptr ? text->text : "REFUSED " + std::get<std::string>(result);
    }

    test::TemporaryFolder folder_;
};

TEST_F(PinEdits, are_put_before_the_first_key) {
    EXPECT_EQ(edited("models:\n  a:\n    # why\n    provider: openai\n    model: x # y\n  b: {}\n"),
              "models:\n  a:\n    # why\n    " + line + "\n    provider: openai\n    model: x # y\n  b: {}\n");
    EXPECT_EQ(edited("models: {b: {}, a: {provider: openai}}\n"),
              "models: {b: {}, a: {" + line + ", provider: openai}}\n");
    EXPECT_EQ(edited("models:\n  a: {provider: openai,\n      model: x}\n"),
              "models:\n  a: {" + line + ", provider: openai,\n      model: x}\n");
    EXPECT_EQ(edited("models:\n  a: {\n    provider: openai\n  }\n"),
              "models:\n  a: {\n    " + line + ", provider: openai\n  }\n");
}

TEST_F(PinEdits, replace_an_earlier_one) {
    const std::string tail = "\n    model: x\n";
    const std::string after = "models:\n  a:\n    provider: openai\n    " + line + tail;
    const std::string before = "models:\n  a:\n    provider: openai\n    ";
    EXPECT_EQ(edited(before + "evidence: {k: 5}" + tail), after);
    EXPECT_EQ(edited(before + "evidence: {k: 5, model: \"}{'\",\n      mode: raw}" + tail), after);
    EXPECT_EQ(edited(before + "evidence:\n      k: 5\n      mode: raw" + tail), after);
    EXPECT_EQ(edited(before + "evidence:\n      k: 5\n\n    # of the model" + tail),
              "models:\n  a:\n    provider: openai\n    " + line + "\n\n    # of the model" + tail);
    EXPECT_EQ(edited("models: {a: {evidence: {k: 1}, provider: openai}}"),
              "models: {a: {" + line + ", provider: openai}}");
    EXPECT_EQ(edited(before + line + tail), after) << "nothing changes";
    EXPECT_EQ(edited("models:\n  a:\n    provider: openai\n    evidence:\n      k: 5\n"),
              "models:\n  a:\n    provider: openai\n    " + line + "\n");
}

TEST_F(PinEdits, leave_every_other_byte) {
    EXPECT_EQ(edited("\xEF\xBB\xBFmodels:\r\n  ä: 'é'\r\n  a:\r\n    provider: openai\r\n"),
              "\xEF\xBB\xBFmodels:\r\n  ä: 'é'\r\n  a:\r\n    " + line + "\r\n    provider: openai\r\n");
    EXPECT_EQ(edited("models:\n  a: {\"provider\": 'openai' } # {\nx-é: \"é\"   \n\n\n"),
              "models:\n  a: {" + line + ", \"provider\": 'openai' } # {\nx-é: \"é\"   \n\n\n");
}

TEST_F(PinEdits, go_where_the_model_stands) {
    write("parts.yaml", "models:\n  a:\n    provider: openai\n    api_key: ${KEY}\n");
    write("w.yaml", "include: parts.yaml\nmodels:\n  b: {provider: openai}\n");
    const auto result = edit_pin(folder_.file("w.yaml"), "a", pin, variables({{"KEY", "sk-secret-key"}}));
    ASSERT_TRUE(std::holds_alternative<PinEdit>(result)) << std::get<std::string>(result);
    EXPECT_EQ(std::get<PinEdit>(result).file.filename(), "parts.yaml");
    EXPECT_EQ(std::get<PinEdit>(result).text,
              "models:\n  a:\n    " + line + "\n    provider: openai\n    api_key: ${KEY}\n");
}

TEST_F(PinEdits, are_refused_where_more_would_change) {
    const auto refused = [&](const std::string& text) { return edited(text).starts_with("REFUSED model 'a'"); };
    EXPECT_TRUE(refused("models:\n  a: &x {provider: openai}\n  b: *x\n"));
    EXPECT_TRUE(refused("x-m: &x\n  provider: openai\nmodels:\n  a: *x\n  b: *x\n"));
    EXPECT_TRUE(refused("x-e: &e {k: 3}\nmodels:\n  a:\n    provider: openai\n    evidence: *e\n"));
    EXPECT_TRUE(refused("models:\n  b: {}\n"));
    EXPECT_TRUE(refused("models:\n  a: text\n"));
    EXPECT_TRUE(refused("models:\n  a: {}\n"));
    EXPECT_TRUE(refused("models: [\n"));
    EXPECT_EQ(edited("models:\n  a: &x {provider: openai}\n").substr(0, 7), "models:")
        << "an anchor that nobody else uses";
}

TEST_F(PinEdits, quote_whatever_a_server_is_called) {
    const EvidencePin odd{.k = 5, .model = "a\"b: ${X}\n\xC3\xA9"};
    write("w.yaml", "models:\n  a: {provider: openai}\n");
    const auto result = edit_pin(folder_.file("w.yaml"), "a", odd, variables({}));
    ASSERT_TRUE(std::holds_alternative<PinEdit>(result)) << std::get<std::string>(result);
    EXPECT_EQ(std::get<PinEdit>(result).text,
              "models:\n  a: {evidence: {k: 5, model: \"a\\\"b: $${X}\\n\\u00e9\"}, provider: openai}\n");
}

TEST_F(PinEdits, put_pins_into_every_model_of_the_good_files) {
    for (const auto& file : yaml_files("good")) {
        const LoadResult loaded = load_workflow(file, test_environment());
        ASSERT_NE(loaded.workflow, nullptr) << file;
        for (const auto& [name, model] : loaded.workflow->models) {
            const auto result = edit_pin(file, name, pin, test_environment());
            const auto* edit = std::get_if<PinEdit>(&result);
            if (edit == nullptr) continue;  // shared by an anchor
            EXPECT_NE(edit->text.find(line), std::string::npos) << file << " " << name;
        }
    }
}

}  // namespace
}  // namespace enough
