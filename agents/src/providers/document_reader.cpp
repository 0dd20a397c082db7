#include "providers/document_reader.hpp"

#include "failure_kind.hpp"
#include "providers/json_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace enough {

namespace {

struct Meaning {
    std::string_view word;  // in lower case
    FailureKind kind;
};

// Types, codes and statuses of error objects, the first that is found counts:
// https://platform.claude.com/docs/en/api/errors, https://ai.google.dev/gemini-api/docs/troubleshooting
// (google.rpc.Code), https://platform.openai.com/docs/guides/error-codes, and llama.cpp's format_error_response
// (tools/server).
constexpr std::array meanings{
    Meaning{"exceed_context_size", FailureKind::context_full},
    Meaning{"context_length_exceeded", FailureKind::context_full},
    Meaning{"overloaded", FailureKind::overloaded},
    Meaning{"unavailable", FailureKind::overloaded},
    Meaning{"rate_limit", FailureKind::rate_limited},
    Meaning{"resource_exhausted", FailureKind::rate_limited},
    Meaning{"insufficient_quota", FailureKind::rate_limited},
    Meaning{"authentication", FailureKind::unauthorized},
    Meaning{"permission", FailureKind::unauthorized},
    Meaning{"not_found", FailureKind::no_model},
    Meaning{"invalid", FailureKind::bad_request},
    Meaning{"failed_precondition", FailureKind::bad_request},
    Meaning{"request_too_large", FailureKind::bad_request},
    Meaning{"billing", FailureKind::bad_request},
    Meaning{"not_supported", FailureKind::bad_request},
};

FailureKind kind_of(std::string_view words) {
    std::string lower(words);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    const auto found = std::find_if(meanings.begin(), meanings.end(), [&](const Meaning& meaning) {
        return lower.find(meaning.word) != std::string::npos;
    });
    return found == meanings.end() ? FailureKind::server_error : found->kind;
}

}  // namespace

void DocumentReader::complain(std::string_view message, std::string_view words) {
    const auto kind = kind_of(words);
    const auto said = server_text_.excerpt(message.empty() ? words : message);
    auto failure = make_failure(kind, fmt::format("the server broke the answer off with an error: {}", said));
    // An exhausted quota stays exhausted for longer than any retry waits.
    if (words.find("insufficient_quota") != std::string_view::npos) failure.retryable = false;
    draft_.fail(std::move(failure));
}

Result<AnswerReader::Progress> DocumentReader::event(const SseEvent& event) {
    draft_.begin_event();
    // None of these protocols has it, but gateways that speak several of them end every stream so.
    if (event.data == "[DONE]") return draft_.progress(draft_.complete());
    const auto json = json_object(event.data);
    if (!json) {
        return make_failure(FailureKind::bad_response,
                            fmt::format("event {} of the stream is not a JSON object", draft_.events()));
    }
    const auto then = read_event(*json);
    if (then == Then::end) flush();
    return draft_.progress(then == Then::end);
}

Result<AnswerReader::Progress> DocumentReader::document(const std::string& body) {
    draft_.begin_event();
    const auto json = json_object(body);
    if (!json) return make_failure(FailureKind::bad_response, "the answer is not a JSON object");
    read_document(*json);
    flush();
    if (!draft_.halted() && !draft_.complete()) {
        return make_failure(FailureKind::bad_response,
                            "the answer is JSON, but does not say why it ended; the server does not speak the "
                            "protocol that the model's provider, api and profile ask for");
    }
    return draft_.progress(true);
}

Result<Answer> DocumentReader::finish(std::int64_t input_estimate) {
    if (draft_.complete()) flush();
    return draft_.finish(input_estimate);
}

}  // namespace enough
