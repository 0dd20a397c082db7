#pragma once

#include "support/fake_server.hpp"

#include <string>

namespace enough::test {

/// An answer as an OpenAI-compatible server streams it: a word a chunk, each with `choices` equally likely candidates,
/// so that its token entropy is log2(choices) bits. 0 choices: no logprobs.
struct FakeAnswer {
    std::string text;
    int choices = 0;
};

/// Streams the whole answer with finish_reason, usage and [DONE].
void stream(FakeExchange& exchange, const FakeAnswer& answer);

/// The chunk of one word, for handlers that want to stop in the middle.
std::string word_chunk(const std::string& word, int choices);

}  // namespace enough::test
