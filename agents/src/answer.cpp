#include <enough/agents/answer.hpp>

namespace enough {

Usage& Usage::operator+=(const Usage& other) {
    input_tokens += other.input_tokens;
    cached_input_tokens += other.cached_input_tokens;
    output_tokens += other.output_tokens;
    reasoning_tokens += other.reasoning_tokens;
    estimated = estimated || other.estimated;
    return *this;
}

}  // namespace enough
