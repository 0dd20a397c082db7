#pragma once

#include "providers/document_reader.hpp"

#include <cstdint>

namespace enough {

/// Reads what Ollama's `/api/chat` answers, a line at a time or whole: both have the same shape
/// (https://docs.ollama.com/api/chat).
class OllamaReader final : public DocumentReader {
public:
    explicit OllamaReader(AnswerSink* sink, ServerText server_text = {}, DraftLimits limits = {})
        : DocumentReader(sink, std::move(server_text), limits) {}

private:
    Then read_event(const nlohmann::json& line) override;
    void read_document(const nlohmann::json& answer) override;

    void read_calls(const nlohmann::json& message);
    void read_tokens(const nlohmann::json& line);
    void read_end(const nlohmann::json& line);

    Phase phase_ = Phase::answer;  // of the last text
    std::int64_t calls_ = 0;
};

}  // namespace enough
