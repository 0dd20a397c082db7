// Feeds `GeminiReader` lines as events, and the whole as a document.
#include "providers/gemini_reader.hpp"

#include "reader_input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    return enough::fuzz::feed_reader<enough::GeminiReader>(data, size);
}
