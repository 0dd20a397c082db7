// Any bytes are read as a cassette: either they are refused by `std::invalid_argument`, or what was read stays the same
// when it is written and read again.
#include "cassette/call_json.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>

namespace {

std::string written(const enough::Tape& tape) {
    std::string out = enough::header_line(tape.created()) + '\n';
    for (const auto& call : tape.calls())
        out += enough::call_line(*call) + '\n';
    return out;
}

std::shared_ptr<enough::Tape> read(const std::string& text) {
    std::istringstream in(text);
    return enough::read_cassette(in);
}

void expect_words(const enough::Tape& tape, const enough::RecordedCall& call) {
    enough::Request request;
    request.messages = call.messages;
    request.sampling = call.sampling;
    request.top_logprobs = call.top_logprobs;
    for (const std::string& model : {call.model, call.model + "x"}) {
        const auto words = tape.nearest(model, request);
        if (words.empty() || words.size() > 2000) std::abort();
    }
    if (!request.messages.empty()) request.messages.back().content += "x";
    if (tape.nearest(call.model, request).size() > 2000) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::shared_ptr<enough::Tape> tape;
    try {
        tape = read(std::string(reinterpret_cast<const char*>(data), size));
    } catch (const std::invalid_argument&) {
        return 0;
    }
    const std::string text = written(*tape);
    if (written(*read(text)) != text) std::abort();
    for (const auto& call : tape->calls())
        expect_words(*tape, *call);
    return 0;
}
