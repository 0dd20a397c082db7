#include "providers/gemini_reader.hpp"

#include "providers/json_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace enough {

namespace {

using Json = nlohmann::json;

// What the provider withholds, of https://ai.google.dev/api/generate-content#FinishReason; MODEL_ARMOR is Vertex AI's.
constexpr std::array<std::string_view, 11> withheld{"SAFETY",
                                                    "RECITATION",
                                                    "LANGUAGE",
                                                    "BLOCKLIST",
                                                    "PROHIBITED_CONTENT",
                                                    "SPII",
                                                    "IMAGE_SAFETY",
                                                    "IMAGE_PROHIBITED_CONTENT",
                                                    "IMAGE_RECITATION",
                                                    "MODEL_ARMOR",
                                                    "IMAGE_OTHER"};

Candidate candidate_of(const Json& entry) {
    return {std::string(text_at(entry, "token")), number_at(entry, "logProbability")};
}

}  // namespace

DocumentReader::Then GeminiReader::read_event(const Json& response) {
    if (const auto* error = member(response, "error"); error != nullptr && !error->is_null()) {
        complain(text_at(*error, "message"), text_at(*error, "status"));
        return Then::more;
    }
    draft_.name_model(text_at(response, "modelVersion"));
    read_usage(object_at(response, "usageMetadata"));
    const auto& candidates = array_at(response, "candidates");
    for (const auto& candidate : candidates) {
        if (count_at(candidate, "index").value_or(0) == 0) read_candidate(candidate);
    }
    // A prompt that is blocked has no candidates.
    if (candidates.empty() && !text_at(object_at(response, "promptFeedback"), "blockReason").empty())
        draft_.conclude(FinishReason::filter);
    return Then::more;
}

void GeminiReader::read_candidate(const Json& candidate) {
    for (const auto& part : array_at(object_at(candidate, "content"), "parts"))
        read_part(part);
    read_logprobs(object_at(candidate, "logprobsResult"));
    read_finish_reason(candidate);
}

void GeminiReader::read_part(const Json& part) {
    if (const auto text = text_at(part, "text"); !text.empty()) {
        phase_ = true_at(part, "thought") ? Phase::reasoning : Phase::answer;
        draft_.show(phase_, text);
    }
    if (const auto* call = member(part, "functionCall"); call != nullptr && call->is_object()) read_call(*call);
}

// Calls come whole; models before Gemini 3 give them no id.
void GeminiReader::read_call(const Json& call) {
    OpenAiToolCalls::Piece piece;
    piece.index = calls_++;
    piece.id = text_at(call, "id");
    piece.name = text_at(call, "name");
    piece.arguments = object_at(call, "args").dump();
    draft_.add_call(std::move(piece));
}

// Two lists of the same length, a step of decoding at each place. Tokens have no bytes and no mark of their phase; they
// are taken for that of the text they came with.
void GeminiReader::read_logprobs(const Json& result) {
    const auto& chosen = array_at(result, "chosenCandidates");
    const auto& top = array_at(result, "topCandidates");
    for (std::size_t i = 0; i < chosen.size(); ++i) {
        if (!chosen[i].is_object()) continue;
        const auto [bytes, logprob] = candidate_of(chosen[i]);
        Token token;
        token.bytes = bytes;
        token.logprob = logprob;
        if (i < top.size()) {
            for (const auto& candidate : array_at(top[i], "candidates")) {
                if (candidate.is_object()) token.candidates.push_back(candidate_of(candidate));
            }
        }
        draft_.give(std::move(token), phase_);
    }
}

// STOP alone is a natural end. What is neither that nor a limit nor a filter (MALFORMED_FUNCTION_CALL,
// MALFORMED_RESPONSE, UNEXPECTED_TOOL_CALL, OTHER …) went wrong, and what was written so far is no answer.
void GeminiReader::read_finish_reason(const Json& candidate) {
    const auto reason = text_at(candidate, "finishReason");
    if (reason.empty() || reason == "FINISH_REASON_UNSPECIFIED") return;
    if (reason == "STOP") return draft_.conclude(FinishReason::stop);
    if (reason == "MAX_TOKENS") return draft_.conclude(FinishReason::length);
    if (std::find(withheld.begin(), withheld.end(), reason) != withheld.end())
        return draft_.conclude(FinishReason::filter);
    const auto message = text_at(candidate, "finishMessage");
    complain(message.empty() ? fmt::format("finishReason {}", reason) : fmt::format("{}: {}", reason, message), "");
}

// Counts are of all that came so far. `candidatesTokenCount` leaves the thoughts out, `promptTokenCount` holds what was
// cached, but not what results of the server's own tools took
// (https://ai.google.dev/api/generate-content#UsageMetadata).
void GeminiReader::read_usage(const Json& usage) {
    const auto prompt = count_at(usage, "promptTokenCount");
    const auto candidates = count_at(usage, "candidatesTokenCount");
    const auto thoughts = count_at(usage, "thoughtsTokenCount");
    ReportedUsage reported;
    if (prompt) reported.input = *prompt + count_at(usage, "toolUsePromptTokenCount").value_or(0);
    reported.cached = count_at(usage, "cachedContentTokenCount");
    if (candidates || thoughts) reported.output = candidates.value_or(0) + thoughts.value_or(0);
    reported.reasoning = thoughts;
    draft_.report(reported);
}

}  // namespace enough
