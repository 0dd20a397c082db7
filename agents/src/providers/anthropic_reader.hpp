#pragma once

#include "providers/document_reader.hpp"

#include <cstdint>
#include <optional>

namespace enough {

/// Reads what Anthropic's Messages API answers, streamed or not:
/// https://platform.claude.com/docs/en/build-with-claude/streaming
class AnthropicReader final : public DocumentReader {
public:
    explicit AnthropicReader(AnswerSink* sink, ServerText server_text = {}, DraftLimits limits = {})
        : DocumentReader(sink, std::move(server_text), limits) {}

private:
    /// As the events tell it bit by bit.
    struct Input {
        std::optional<std::int64_t> fresh;
        std::int64_t cache_read = 0;
        std::int64_t cache_written = 0;
    };

    Then read_event(const nlohmann::json& event) override;
    void read_document(const nlohmann::json& message) override;

    void read_start(const nlohmann::json& message);
    void read_block(const nlohmann::json& block, std::int64_t index);
    void read_delta(const nlohmann::json& delta, std::int64_t index);
    void read_usage(const nlohmann::json& usage);
    void read_stop_reason(const nlohmann::json& holder);
    void read_error(const nlohmann::json& holder);

    Input input_;
};

}  // namespace enough
