#include "providers/anthropic_reader.hpp"

#include "providers/json_parts.hpp"

namespace enough {

namespace {

using Json = nlohmann::json;

// https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons
FinishReason finish_reason(std::string_view reason) {
    if (reason == "end_turn" || reason == "stop_sequence") return FinishReason::stop;
    if (reason == "tool_use") return FinishReason::tool_calls;
    if (reason == "refusal") return FinishReason::filter;
    // A paused turn waits to be gone on with: it is as incomplete as one that was cut.
    if (reason == "max_tokens" || reason == "model_context_window_exceeded" || reason == "pause_turn")
        return FinishReason::length;
    return FinishReason::other;
}

}  // namespace

DocumentReader::Then AnthropicReader::read_event(const Json& event) {
    const auto type = text_at(event, "type");
    const auto index = count_at(event, "index").value_or(0);
    if (type == "message_start") {
        read_start(object_at(event, "message"));
    } else if (type == "content_block_start") {
        read_block(object_at(event, "content_block"), index);
    } else if (type == "content_block_delta") {
        read_delta(object_at(event, "delta"), index);
    } else if (type == "message_delta") {
        read_usage(object_at(event, "usage"));
        read_stop_reason(object_at(event, "delta"));
    } else if (type == "error") {
        read_error(event);
    }
    // `ping`, `content_block_stop`, and types to come: "your code should handle unknown event types gracefully".
    return type == "message_stop" ? Then::end : Then::more;
}

void AnthropicReader::read_document(const Json& message) {
    if (text_at(message, "type") == "error") return read_error(message);
    read_start(message);
    std::int64_t index = 0;
    for (const auto& block : array_at(message, "content")) {
        read_block(block, index);
        if (text_at(block, "type") == "tool_use") {
            OpenAiToolCalls::Piece piece;
            piece.index = index;
            piece.arguments = object_at(block, "input").dump();
            draft_.add_call(std::move(piece));
        }
        ++index;
    }
    read_stop_reason(message);
}

void AnthropicReader::read_start(const Json& message) {
    draft_.name_model(text_at(message, "model"));
    read_usage(object_at(message, "usage"));
}

// Blocks of kinds that we don't ask for (of the server's own tools) are passed over, as is thinking that is encrypted.
// The `input` of a streamed call is empty here and comes in deltas.
void AnthropicReader::read_block(const Json& block, std::int64_t index) {
    const auto type = text_at(block, "type");
    if (type == "text") {
        draft_.show(Phase::answer, text_at(block, "text"));
    } else if (type == "thinking") {
        draft_.show(Phase::reasoning, text_at(block, "thinking"));
    } else if (type == "tool_use") {
        OpenAiToolCalls::Piece piece;
        piece.index = index;
        piece.id = text_at(block, "id");
        piece.name = text_at(block, "name");
        draft_.add_call(std::move(piece));
    }
}

void AnthropicReader::read_delta(const Json& delta, std::int64_t index) {
    const auto type = text_at(delta, "type");
    if (type == "text_delta") {
        draft_.show(Phase::answer, text_at(delta, "text"));
    } else if (type == "thinking_delta") {
        draft_.show(Phase::reasoning, text_at(delta, "thinking"));
    } else if (type == "input_json_delta") {
        OpenAiToolCalls::Piece piece;
        piece.index = index;
        piece.arguments = text_at(delta, "partial_json");
        draft_.add_call(std::move(piece));
    }
}

// The counts are cumulative. Those of the input exclude each other: all that was read is their sum
// (https://platform.claude.com/docs/en/build-with-claude/prompt-caching).
void AnthropicReader::read_usage(const Json& usage) {
    if (const auto count = count_at(usage, "input_tokens")) input_.fresh = count;
    input_.cache_read = count_at(usage, "cache_read_input_tokens").value_or(input_.cache_read);
    input_.cache_written = count_at(usage, "cache_creation_input_tokens").value_or(input_.cache_written);
    ReportedUsage reported;
    if (input_.fresh) {
        reported.input = *input_.fresh + input_.cache_read + input_.cache_written;
        reported.cached = input_.cache_read;
    }
    reported.output = count_at(usage, "output_tokens");
    reported.reasoning = count_at(object_at(usage, "output_tokens_details"), "thinking_tokens");
    draft_.report(reported);
}

void AnthropicReader::read_stop_reason(const Json& holder) {
    const auto reason = text_at(holder, "stop_reason");
    if (!reason.empty()) draft_.conclude(finish_reason(reason));
}

void AnthropicReader::read_error(const Json& holder) {
    const auto& error = object_at(holder, "error");
    complain(text_at(error, "message"), text_at(error, "type"));
}

}  // namespace enough
