#include "providers/ollama_reader.hpp"

#include "providers/json_parts.hpp"

namespace enough {

namespace {

using Json = nlohmann::json;

FinishReason finish_reason(std::string_view reason) {
    if (reason == "stop") return FinishReason::stop;
    return reason == "length" ? FinishReason::length : FinishReason::other;
}

}  // namespace

// An error in the middle is a line of its own: the status has been sent (https://docs.ollama.com/api/errors).
DocumentReader::Then OllamaReader::read_event(const Json& line) {
    if (const auto error = text_at(line, "error"); !error.empty()) {
        complain(error, "");
        return Then::more;
    }
    draft_.name_model(text_at(line, "model"));
    const auto& message = object_at(line, "message");
    const auto thinking = text_at(message, "thinking");
    const auto content = text_at(message, "content");
    if (!thinking.empty()) phase_ = Phase::reasoning;
    if (!content.empty()) phase_ = Phase::answer;
    draft_.show(Phase::reasoning, thinking);
    draft_.show(Phase::answer, content);
    read_calls(message);
    read_tokens(line);
    if (!true_at(line, "done")) return Then::more;
    read_end(line);
    return Then::end;
}

// In one piece, the entries of thinking and answer stand in one list without a mark. Where there was thinking they are
// told apart by its length, as far as their bytes spell it.
void OllamaReader::read_document(const Json& answer) {
    const auto thinking = text_at(object_at(answer, "message"), "thinking");
    const auto& entries = array_at(answer, "logprobs");
    if (thinking.empty() || entries.empty()) {
        read_event(answer);
        return;
    }
    auto without_tokens = answer;
    without_tokens.erase("logprobs");
    read_event(without_tokens);
    const bool answered = !text_at(object_at(answer, "message"), "content").empty();
    std::size_t bytes = 0;
    for (const auto& entry : entries) {
        auto token = token_of(entry);
        const bool inside = !answered || bytes < thinking.size();
        bytes += token.bytes.size();
        draft_.give(std::move(token), inside ? Phase::reasoning : Phase::answer);
    }
}

// Calls come whole, with their arguments as an object; newer servers give them an id.
void OllamaReader::read_calls(const Json& message) {
    for (const auto& call : array_at(message, "tool_calls")) {
        const auto& function = object_at(call, "function");
        OpenAiToolCalls::Piece piece;
        piece.index = calls_++;
        piece.id = text_at(call, "id");
        piece.name = text_at(function, "name");
        piece.arguments = object_at(function, "arguments").dump();
        draft_.add_call(std::move(piece));
    }
}

// Entries come with the text they make, whatever its phase; a line with entries and no text goes on with what was.
void OllamaReader::read_tokens(const Json& line) {
    for (const auto& entry : array_at(line, "logprobs")) {
        if (entry.is_object()) draft_.give(token_of(entry), phase_);
    }
}

// Older servers leave `prompt_eval_count` out where the prompt was cached
// (https://github.com/ollama/ollama/issues/2068); newer ones count the cached part beside it.
void OllamaReader::read_end(const Json& line) {
    ReportedUsage usage;
    usage.input = count_at(line, "prompt_eval_count");
    usage.cached = count_at(line, "prompt_eval_cached_count");
    usage.output = count_at(line, "eval_count");
    draft_.report(usage);
    draft_.conclude(finish_reason(text_at(line, "done_reason")));
}

}  // namespace enough
