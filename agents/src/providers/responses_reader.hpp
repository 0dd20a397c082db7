#pragma once

#include "providers/document_reader.hpp"

#include <cstdint>
#include <map>
#include <utility>

namespace enough {

/// Reads what OpenAI's Responses API answers, streamed or not:
/// https://platform.openai.com/docs/api-reference/responses-streaming
class ResponsesReader final : public DocumentReader {
public:
    explicit ResponsesReader(AnswerSink* sink, ServerText server_text = {}, DraftLimits limits = {})
        : DocumentReader(sink, std::move(server_text), limits) {}

    static constexpr std::size_t max_parts = 1024;

private:
    /// What deltas have given of a part, so that its `done` gives the rest.
    struct Part {
        bool text = false;
        bool tokens = false;
    };

    Then read_event(const nlohmann::json& event) override;
    void read_document(const nlohmann::json& response) override;

    bool read_content_event(std::string_view type, const nlohmann::json& event);
    bool read_final_event(std::string_view type, const nlohmann::json& event);
    void read_text(const nlohmann::json& event, std::string_view text, Phase phase);
    void read_refusal(const nlohmann::json& event, std::string_view text);
    void read_item(const nlohmann::json& event);
    void read_arguments(const nlohmann::json& event, std::string_view arguments);
    void read_tokens(const nlohmann::json& holder);

    void read_response(const nlohmann::json& response);
    void read_output(const nlohmann::json& response);
    void read_message(const nlohmann::json& item);
    void read_reasoning(const nlohmann::json& item);
    void read_status(const nlohmann::json& response);
    void read_usage(const nlohmann::json& usage);
    void read_error(const nlohmann::json& error);

    Part& part(const nlohmann::json& event);

    std::map<std::pair<std::int64_t, std::int64_t>, Part> parts_;  // by places in output and content
};

}  // namespace enough
