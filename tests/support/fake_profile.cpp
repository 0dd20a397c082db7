#include "support/fake_profile.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

namespace enough::test {
namespace {

using nlohmann::json;
using Logprobs = FakeProfile::Logprobs;

constexpr int words = 12;
constexpr int vocabulary = 6;

json entry(const std::string& text, double logprob) {
    return {{"token", text}, {"logprob", logprob}, {"bytes", std::vector<unsigned char>(text.begin(), text.end())}};
}

std::string word_at(int place, int choice) {
    return " w" + std::to_string(place) + "-" + std::to_string(choice);
}

class Conversation {
public:
    Conversation(const FakeProfile& profile, const json& body) : profile_(profile), body_(body) {}

    json chunk(int place) const {
        const bool reasoning = place < profile_.reasoning_tokens;
        const std::string text = word_at(place, 0);
        json choice{{"index", 0}, {"finish_reason", nullptr}, {"logprobs", nullptr}};
        choice["delta"] = reasoning ? json{{"reasoning_content", text}} : json{{"content", text}};
        const bool last_alone = profile_.logprobs == Logprobs::last_chunk && place + 1 < tokens();
        const bool lost = profile_.logprobs == Logprobs::not_streamed || last_alone;
        if (has_logprobs(place) && !lost) choice["logprobs"] = {{"content", json::array({token(place)})}};
        return around(choice);
    }

    json finish() const {
        return around({{"index", 0}, {"delta", json::object()}, {"logprobs", nullptr}, {"finish_reason", "stop"}});
    }

    json usage() const { return {{"model", profile_.model}, {"choices", json::array()}, {"usage", counts()}}; }

    json whole() const {
        json content = json::array();
        std::string text;
        std::string reasoning;
        for (int place = 0; place < tokens(); ++place) {
            (place < profile_.reasoning_tokens ? reasoning : text) += word_at(place, 0);
            if (has_logprobs(place)) content.push_back(token(place));
        }
        json message{{"role", "assistant"}, {"content", text}};
        if (!reasoning.empty()) message["reasoning_content"] = reasoning;
        json choice{{"index", 0}, {"message", message}, {"finish_reason", "stop"}, {"logprobs", nullptr}};
        if (!content.empty()) choice["logprobs"] = {{"content", content}};
        json out{{"model", profile_.model}, {"choices", json::array({choice})}};
        if (profile_.usage) out["usage"] = counts();
        return out;
    }

    int tokens() const { return profile_.reasoning_tokens + words; }

private:
    bool has_logprobs(int place) const {
        const bool covered = place >= profile_.reasoning_tokens || profile_.reasoning_covered;
        return body_.value("logprobs", false) && profile_.logprobs != Logprobs::silently_none && covered;
    }

    json counts() const {
        return {{"prompt_tokens", 10},
                {"completion_tokens", profile_.counted.value_or(tokens())},
                {"completion_tokens_details", {{"reasoning_tokens", profile_.reasoning_tokens}}}};
    }

    json around(json choice) const {
        return {{"id", "chatcmpl-1"},
                {"object", "chat.completion.chunk"},
                {"model", profile_.model},
                {"choices", json::array({std::move(choice)})}};
    }

    json token(int place) const {
        const int of = profile_.logprobs == Logprobs::repeated ? 0 : place;
        const double asked = body_.value("temperature", 1.0);
        const double temperature = profile_.tempered && asked > 0 ? asked : 1.0;
        std::vector<double> logits;
        double sum = 0;
        for (int i = 0; i < vocabulary; ++i) {
            logits.push_back((-0.7 * i - 0.05 * ((of * 7 + i * 3) % 5)) / temperature);
            sum += std::exp(logits.back());
        }
        const auto logprob = [&](int i) { return logits[static_cast<std::size_t>(i)] - std::log(sum); };
        json out = entry(word_at(place, 0), logprob(0));
        out["top_logprobs"] = json::array();
        const int most = profile_.logprobs == Logprobs::single ? 1 : profile_.most_candidates;
        for (int i = 0; i < std::min({vocabulary, most, body_.value("top_logprobs", 0)}); ++i) {
            const bool empty = profile_.logprobs == Logprobs::placeholders && i > 0;
            out["top_logprobs"].push_back(entry(word_at(of, i), empty ? -9999.0 : logprob(i)));
        }
        return out;
    }

    const FakeProfile& profile_;
    const json& body_;
};

}  // namespace

FakeHandler serve(FakeProfile profile) {
    return [profile](FakeExchange& exchange) {
        const json body = json::parse(exchange.request().body);
        if (profile.logprobs == Logprobs::refused && body.value("logprobs", false))
            return exchange.answer(
                profile.refusal_status,
                R"({"error":{"message":"You are not allowed to request logprobs from this model"}})");
        const Conversation conversation(profile, body);
        if (!body.value("stream", false)) return exchange.answer(200, conversation.whole().dump());
        exchange.start_stream();
        for (int place = 0; place < conversation.tokens(); ++place)
            exchange.event(conversation.chunk(place).dump());
        exchange.event(conversation.finish().dump());
        if (profile.usage) exchange.event(conversation.usage().dump());
        exchange.event("[DONE]");
        exchange.end_stream();
    };
}

}  // namespace enough::test
