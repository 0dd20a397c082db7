#pragma once

#include "support/fake_server.hpp"

#include <optional>
#include <string>

namespace enough::test {

/// How an OpenAI-compatible server deals with logprobs. Each shape has been seen in the wild.
struct FakeProfile {
    enum class Logprobs {
        good,
        silently_none,
        refused,       ///< `refusal_status` with an error about logprobs
        not_streamed,  ///< in one piece only
        last_chunk,    ///< of a stream, the last chunk's alone
        repeated,      ///< every token has the first one's list
        single,        ///< one candidate each
        placeholders,  ///< all but the sampled token at -9999
    };
    Logprobs logprobs = Logprobs::good;
    int refusal_status = 400;
    int most_candidates = 6;        ///< whatever is asked for
    bool tempered = false;          ///< else the model's own distribution, whatever the temperature
    int reasoning_tokens = 0;       ///< before the answer
    bool reasoning_covered = true;  ///< they have logprobs
    std::optional<int> counted;     ///< completion_tokens, where wrong
    bool usage = true;
    std::string model = "fake-model";
};

/// Answers any question with twelve words, streamed or in one piece as it is asked, over distributions of six words
/// that differ from place to place.
FakeHandler serve(FakeProfile profile);

}  // namespace enough::test
