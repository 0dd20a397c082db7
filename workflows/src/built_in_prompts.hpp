#pragma once

#include <string_view>

namespace enough::built_in {

// What referees are asked where the workflow says nothing else. docs/workflow-reference.md shows them, too.

/// Sees `question` and `candidates`, which are numbered from 1.
inline constexpr std::string_view judge_prompt =
    R"(Several answers were given to this question:

{{ question }}

{{ candidates }}

Find out which answer is right, or the best. Check each on its own merits: that several agree, that one is longer or sounds surer proves nothing, and neither does the order. Finish with the number of the best answer, alone on the last line.
)";

/// Sees `question` and `candidates`.
inline constexpr std::string_view fuse_prompt =
    R"({{ question }}

Several answers to this are at hand:

{{ candidates }}

Write one answer that is better than each of them: keep what is right, put right what is wrong, and add what is missing. Where they contradict each other, work out which is right. Give the answer itself, in the form that the question asks for, and don't mention the others.
)";

/// Sees `question`, `own` and `peers`.
inline constexpr std::string_view debate_prompt =
    R"({{ question }}

You answered:

{{ own }}

Others answered:

{{ peers }}

Look for the mistake in each, your own answer included. Keep your answer where it holds up, and change it only for a reason that you have checked, not because others say so. Then answer the question again, in full.
)";

/// Sees `question` and `answer`; {0} and {1} are the ends of the scale.
inline constexpr std::string_view score_prompt =
    R"(This question was asked:

{{{{ question }}}}

This is the answer to be judged:

{{{{ answer }}}}

Work the question out yourself, and check the answer step by step against it. How it sounds counts for nothing. Finish with a number from {0} (certainly wrong) to {1} (certainly right), alone on the last line.
)";

/// Finds the number in "Confidence: 85%" or "my confidence is 0.85".
inline constexpr std::string_view confidence_pattern =
    R"((?i)confidence\b(?:\s*(?:level|score|rating))?(?:\s*\([^)\n]*\))?[^0-9\n]{0,30}?(\d+(?:\.\d+)?))";

}  // namespace enough::built_in
