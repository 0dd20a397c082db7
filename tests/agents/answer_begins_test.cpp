#include "providers/answer_begins.hpp"

#include <gtest/gtest.h>

namespace enough {
namespace {

struct Case {
    const char* name;
    const char* bytes;
    const char* reasoning;
    const char* answer;
    std::optional<std::size_t> begins;
};

class AnswerBegins : public testing::TestWithParam<Case> {};

TEST_P(AnswerBegins, AfterTheReasoning) {
    const auto& test = GetParam();
    EXPECT_EQ(answer_begins(test.bytes, test.reasoning, test.answer), test.begins);
}

const Case cases[] = {
    {"both_tags", "<think>Hm.</think>8", "Hm.", "8", 18},
    {"closing_tag_only", "Hm.</think>8", "Hm.", "8", 11},
    {"reasoning_hidden", "<think>Hm.</think>8", "", "8", 18},
    {"opening_tag_in_the_prompt_and_reasoning_hidden", "Hm.</think>8", "", "8", 11},
    {"no_tags", "Hm.8", "Hm.", "8", 3},
    {"white_space_trimmed_from_the_text", "\nHm.\n\n8", "Hm.", "8", 6},
    {"markers_of_other_kinds", "<|channel|>analysis<|message|>Hm.<|end|><|channel|>final<|message|>8<|return|>", "Hm.",
     "8", 67},
    {"only_the_answer", "8", "Hm.", "8", 0},
    {"end_token_after_the_answer", "8<|im_end|>", "", "8", 0},
    {"nothing_reasoned", "8", "", "8", 0},
    {"a_tag_of_the_answer", "a</think>b", "", "a</think>b", 0},
    {"cut_while_reasoning", "<think>Hm", "Hm", "", 9},
    {"empty", "", "", "", 0},
    {"raw_byte_pairs_of_an_answer", "\xc4\xa0there", "", " there", 0},
    {"tokens_that_do_not_spell_the_texts", "token_id:5token_id:6", "Hm.", "8", std::nullopt},
};

INSTANTIATE_TEST_SUITE_P(Cases, AnswerBegins, testing::ValuesIn(cases),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace enough
