#include "support/fake_openai.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <sstream>

namespace enough::test {
namespace {

using nlohmann::json;

json chunk_with(json choice) {
    return {{"id", "chatcmpl-1"},
            {"object", "chat.completion.chunk"},
            {"model", "fake-model"},
            {"choices", json::array({std::move(choice)})}};
}

json candidate(const std::string& text, double logprob) {
    return {{"token", text}, {"logprob", logprob}, {"bytes", std::vector<unsigned char>(text.begin(), text.end())}};
}

}  // namespace

std::string word_chunk(const std::string& word, int choices) {
    json choice{{"index", 0}, {"delta", {{"content", word}}}, {"logprobs", nullptr}, {"finish_reason", nullptr}};
    if (choices > 0) {
        const double logprob = -std::log(choices);
        json entry = candidate(word, logprob);
        entry["top_logprobs"] = json::array({candidate(word, logprob)});
        for (int i = 1; i < choices; ++i)
            entry["top_logprobs"].push_back(candidate(word + "-" + std::to_string(i), logprob));
        choice["logprobs"] = {{"content", json::array({entry})}, {"refusal", nullptr}};
    }
    return chunk_with(choice).dump();
}

void stream(FakeExchange& exchange, const FakeAnswer& answer) {
    exchange.start_stream();
    std::istringstream words(answer.text);
    int count = 0;
    for (std::string word; words >> word; ++count)
        exchange.event(word_chunk(count == 0 ? word : " " + word, answer.choices));
    exchange.event(
        chunk_with({{"index", 0}, {"delta", json::object()}, {"logprobs", nullptr}, {"finish_reason", "stop"}}).dump());
    json usage{{"choices", json::array()}, {"usage", {{"prompt_tokens", 10}, {"completion_tokens", count}}}};
    exchange.event(usage.dump());
    exchange.event("[DONE]");
    exchange.end_stream();
}

}  // namespace enough::test
