#pragma once

#include "providers/document_reader.hpp"

#include <cstdint>

namespace enough {

/// Reads what Gemini's generateContent answers, streamed or not: each event is a whole GenerateContentResponse
/// (https://ai.google.dev/api/generate-content). The stream has no end of its own but the connection's.
class GeminiReader final : public DocumentReader {
public:
    explicit GeminiReader(AnswerSink* sink, ServerText server_text = {}, DraftLimits limits = {})
        : DocumentReader(sink, std::move(server_text), limits) {}

private:
    Then read_event(const nlohmann::json& response) override;
    void read_document(const nlohmann::json& response) override { read_event(response); }

    void read_candidate(const nlohmann::json& candidate);
    void read_part(const nlohmann::json& part);
    void read_call(const nlohmann::json& call);
    void read_logprobs(const nlohmann::json& result);
    void read_finish_reason(const nlohmann::json& candidate);
    void read_usage(const nlohmann::json& usage);

    std::int64_t calls_ = 0;
    Phase phase_ = Phase::answer;  // of the last part that had text
};

}  // namespace enough
