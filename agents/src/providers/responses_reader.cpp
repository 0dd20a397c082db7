#include "providers/responses_reader.hpp"

#include "failure_kind.hpp"
#include "providers/json_parts.hpp"

#include <fmt/format.h>

namespace enough {

namespace {

using Json = nlohmann::json;

OpenAiToolCalls::Piece call_of(const Json& item, std::int64_t index) {
    OpenAiToolCalls::Piece piece;
    piece.index = index;
    piece.id = text_at(item, "call_id");
    piece.name = text_at(item, "name");
    return piece;
}

}  // namespace

// Many events tell of the answer's outer shape alone, or of the server's own tools; they are passed over.
DocumentReader::Then ResponsesReader::read_event(const Json& event) {
    const auto type = text_at(event, "type");
    const auto* error = member(event, "error");
    if (error != nullptr && error->is_object()) {
        read_error(*error);
    } else if (type == "error") {
        read_error(event);
    } else if (read_final_event(type, event)) {
        return Then::end;
    } else {
        read_content_event(type, event);
    }
    return Then::more;
}

bool ResponsesReader::read_final_event(std::string_view type, const Json& event) {
    const auto& response = object_at(event, "response");
    if (type == "response.created" || type == "response.in_progress") draft_.name_model(text_at(response, "model"));
    if (type != "response.completed" && type != "response.incomplete" && type != "response.failed") return false;
    read_response(response);
    return true;
}

bool ResponsesReader::read_content_event(std::string_view type, const Json& event) {
    if (type == "response.output_text.delta") {
        read_text(event, text_at(event, "delta"), Phase::answer);
    } else if (type == "response.output_text.done") {
        if (!part(event).text) read_text(event, text_at(event, "text"), Phase::answer);
        if (!part(event).tokens) read_tokens(event);
    } else if (type == "response.refusal.delta") {
        read_refusal(event, text_at(event, "delta"));
    } else if (type == "response.refusal.done") {
        if (!part(event).text) read_refusal(event, text_at(event, "refusal"));
    } else if (type == "response.reasoning_text.delta" || type == "response.reasoning_summary_text.delta") {
        draft_.show(Phase::reasoning, text_at(event, "delta"));
    } else if (type == "response.reasoning_summary_part.added") {
        if (count_at(event, "summary_index").value_or(0) > 0) draft_.show(Phase::reasoning, "\n\n");
    } else if (type == "response.output_item.added") {
        read_item(event);
    } else if (type == "response.function_call_arguments.delta") {
        read_arguments(event, text_at(event, "delta"));
    } else if (type == "response.function_call_arguments.done") {
        if (!part(event).text) read_arguments(event, text_at(event, "arguments"));
    } else {
        return false;
    }
    return true;
}

void ResponsesReader::read_text(const Json& event, std::string_view text, Phase phase) {
    if (!text.empty()) part(event).text = true;
    draft_.show(phase, text);
    read_tokens(event);
}

void ResponsesReader::read_refusal(const Json& event, std::string_view text) {
    if (text.empty()) return;
    part(event).text = true;
    draft_.show(Phase::answer, text);
    draft_.withhold();
}

void ResponsesReader::read_item(const Json& event) {
    const auto& item = object_at(event, "item");
    if (text_at(item, "type") != "function_call") return;
    draft_.add_call(call_of(item, count_at(event, "output_index").value_or(0)));
}

void ResponsesReader::read_arguments(const Json& event, std::string_view arguments) {
    if (arguments.empty()) return;
    part(event).text = true;
    OpenAiToolCalls::Piece piece;
    piece.index = count_at(event, "output_index").value_or(0);
    piece.arguments = arguments;
    draft_.add_call(std::move(piece));
}

// Only text of the answer has logprobs; entries of the events have no `bytes`, those of documents have.
void ResponsesReader::read_tokens(const Json& holder) {
    const auto& entries = array_at(holder, "logprobs");
    if (entries.empty()) return;
    part(holder).tokens = true;
    for (const auto& entry : entries) {
        if (entry.is_object()) draft_.give(token_of(entry), Phase::answer);
    }
}

void ResponsesReader::read_document(const Json& response) {
    const auto* error = member(response, "error");
    if (error != nullptr && error->is_object()) return read_error(*error);
    read_response(response);
}

// The whole answer stands here once more; it counts where no event told of it before.
void ResponsesReader::read_response(const Json& response) {
    draft_.name_model(text_at(response, "model"));
    read_usage(object_at(response, "usage"));
    if (draft_.empty()) read_output(response);
    read_status(response);
}

void ResponsesReader::read_output(const Json& response) {
    std::int64_t index = 0;
    for (const auto& item : array_at(response, "output")) {
        const auto type = text_at(item, "type");
        if (type == "message") {
            read_message(item);
        } else if (type == "reasoning") {
            read_reasoning(item);
        } else if (type == "function_call") {
            auto piece = call_of(item, index);
            piece.arguments = text_at(item, "arguments");
            draft_.add_call(std::move(piece));
        }
        ++index;
    }
}

void ResponsesReader::read_message(const Json& item) {
    for (const auto& content : array_at(item, "content")) {
        const auto type = text_at(content, "type");
        if (type == "output_text") {
            draft_.show(Phase::answer, text_at(content, "text"));
            read_tokens(content);
        } else if (type == "refusal") {
            draft_.show(Phase::answer, text_at(content, "refusal"));
            draft_.withhold();
        }
    }
}

// OpenAI gives summaries, servers of open models the reasoning itself.
void ResponsesReader::read_reasoning(const Json& item) {
    bool first = true;
    for (const auto* name : {"summary", "content"}) {
        for (const auto& content : array_at(item, name)) {
            if (!first) draft_.show(Phase::reasoning, "\n\n");
            first = false;
            draft_.show(Phase::reasoning, text_at(content, "text"));
        }
    }
}

void ResponsesReader::read_status(const Json& response) {
    const auto status = text_at(response, "status");
    if (status == "completed") {
        draft_.conclude(FinishReason::stop);
    } else if (status == "incomplete") {
        const auto reason = text_at(object_at(response, "incomplete_details"), "reason");
        draft_.conclude(reason == "content_filter" ? FinishReason::filter : FinishReason::length);
    } else if (status == "failed") {
        read_error(object_at(response, "error"));
    } else if (!status.empty()) {  // cancelled, or queued in the background
        complain(fmt::format("the response is {}", status), "");
    }
}

void ResponsesReader::read_usage(const Json& usage) {
    ReportedUsage reported;
    reported.input = count_at(usage, "input_tokens");
    reported.cached = count_at(object_at(usage, "input_tokens_details"), "cached_tokens");
    reported.output = count_at(usage, "output_tokens");
    reported.reasoning = count_at(object_at(usage, "output_tokens_details"), "reasoning_tokens");
    draft_.report(reported);
}

void ResponsesReader::read_error(const Json& error) {
    complain(text_at(error, "message"), fmt::format("{} {}", text_at(error, "code"), text_at(error, "type")));
}

ResponsesReader::Part& ResponsesReader::part(const Json& event) {
    const auto place =
        std::pair(count_at(event, "output_index").value_or(0), count_at(event, "content_index").value_or(0));
    if (parts_.size() == max_parts && !parts_.contains(place)) {
        draft_.fail(
            make_failure(FailureKind::bad_response, fmt::format("the answer has more than {} parts", max_parts)));
        return parts_.begin()->second;
    }
    return parts_[place];
}

}  // namespace enough
