// The part of `OpenAiStream` that knows the shapes in which servers write a chunk.
#include "providers/openai_stream.hpp"

#include <fmt/format.h>

namespace enough {

using Kind = JsonReader::Kind;

void OpenAiStream::read_root() {
    for (JsonObject root(*reader_); !halted() && root.next();) {
        const auto key = root.key();
        if (key == "choices") {
            read_choices();
        } else if (key == "usage") {
            read_usage();
        } else if (key == "error") {
            read_error();
        } else if (key == "model" && answer_.model.empty()) {
            read_text(answer_.model);
        } else if (key == "system_fingerprint" && answer_.fingerprint.empty()) {
            read_text(answer_.fingerprint);
        } else {
            reader_->skip();
        }
    }
}

void OpenAiStream::read_choices() {
    if (reader_->peek() != Kind::array) {
        reader_->skip();
        return;
    }
    for (JsonArray choices(*reader_); !halted() && choices.next();) {
        reader_->peek() == Kind::object ? read_choice() : void(reader_->skip());
    }
}

void OpenAiStream::read_choice() {
    delta_.clear();
    bool have_delta = false;
    const char* early_logprobs = nullptr;
    for (JsonObject choice(*reader_); !halted() && choice.next();) {
        const auto key = choice.key();
        const auto kind = reader_->peek();
        if ((key == "delta" || key == "message") && kind == Kind::object) {
            read_delta();
            have_delta = true;
        } else if (key == "logprobs" && (kind == Kind::object || kind == Kind::number)) {
            if (have_delta) {
                read_logprobs();
            } else {  // the delta decides about their phase
                early_logprobs = reader_->position();
                reader_->skip();
            }
        } else if (key == "finish_reason") {
            if (read_text(text_) && !text_.empty()) take_finish_reason(text_);
        } else {
            reader_->skip();
        }
    }
    if (early_logprobs == nullptr || halted()) return;
    const char* end = reader_->position();
    reader_->rewind(early_logprobs);
    read_logprobs();
    if (!halted()) reader_->rewind(end);
}

void OpenAiStream::read_delta() {
    for (JsonObject delta(*reader_); !halted() && delta.next();) {
        const auto key = delta.key();
        if (key == "content") {
            read_text(delta_.content);
        } else if (key == "reasoning_content" || key == "reasoning") {  // some servers send both, with the same text
            if (read_text(text_) && !text_.empty()) delta_.reasoning = text_;
        } else if (key == "refusal") {
            read_text(delta_.refusal);
        } else if (key == "tool_calls" && reader_->peek() == Kind::array) {
            read_tool_calls();
        } else {
            reader_->skip();
        }
    }
    if (!halted()) take_delta();
}

void OpenAiStream::read_tool_calls() {
    for (JsonArray calls(*reader_); !halted() && calls.next();) {
        reader_->peek() == Kind::object ? read_tool_call() : void(reader_->skip());
    }
}

void OpenAiStream::read_tool_call() {
    OpenAiToolCalls::Piece piece;
    for (JsonObject call(*reader_); !halted() && call.next();) {
        const auto key = call.key();
        if (key == "index" && reader_->peek() == Kind::number) {
            std::int64_t index = -1;
            read_count(index);
            piece.index = index;
        } else if (key == "id") {
            read_text(piece.id);
        } else if (key == "function" && reader_->peek() == Kind::object) {
            read_function(piece);
        } else {
            reader_->skip();
        }
    }
    if (halted()) return;
    advanced_ = true;
    ++text_events_;
    if (const auto excess = tool_calls_.add(std::move(piece))) return refuse(FailureKind::bad_response, *excess);
    if (sink_ != nullptr) sink_->on_progress();
}

void OpenAiStream::read_function(OpenAiToolCalls::Piece& piece) {
    for (JsonObject function(*reader_); !halted() && function.next();) {
        const auto key = function.key();
        if (key == "name") {
            read_text(piece.name);
        } else if (key == "arguments" && reader_->peek() == Kind::object) {  // not as a string: as it stands
            const char* begin = reader_->position();
            reader_->skip();
            if (!halted()) piece.arguments.assign(begin, reader_->position());
        } else if (key == "arguments") {
            read_text(piece.arguments);
        } else {
            reader_->skip();
        }
    }
}

void OpenAiStream::read_usage() {
    if (reader_->peek() != Kind::object) {
        reader_->skip();
        return;
    }
    for (JsonObject usage(*reader_); !halted() && usage.next();) {
        const auto key = usage.key();
        if (key == "prompt_tokens") {
            read_count(reported_.input);
        } else if (key == "completion_tokens") {
            read_count(reported_.output);
        } else if (key == "prompt_cache_hit_tokens") {  // DeepSeek
            read_count(reported_.cached);
        } else if (key == "prompt_tokens_details") {
            read_details("cached_tokens", reported_.cached);
        } else if (key == "completion_tokens_details") {
            read_details("reasoning_tokens", reported_.reasoning);
        } else {
            reader_->skip();
        }
    }
}

void OpenAiStream::read_details(std::string_view wanted, std::int64_t& out) {
    if (reader_->peek() != Kind::object) {
        reader_->skip();
        return;
    }
    for (JsonObject details(*reader_); !halted() && details.next();) {
        details.key() == wanted ? read_count(out) : void(reader_->skip());
    }
}

void OpenAiStream::read_count(std::int64_t& out) {
    double value = 0;
    if (reader_->peek() != Kind::number) {
        reader_->skip();
    } else if (reader_->number(value) && value >= 0 && value <= 1e15) {  // beyond that a count is nonsense
        out = static_cast<std::int64_t>(value);
    }
}

void OpenAiStream::read_error() {
    if (reader_->peek() == Kind::null) {
        reader_->skip();
        return;
    }
    complaint_.emplace();
    if (reader_->peek() != Kind::object) {
        read_text(complaint_->message);
        return;
    }
    for (JsonObject error(*reader_); !halted() && error.next();) {
        const auto key = error.key();
        if (key == "message") {
            read_text(complaint_->message);
        } else if ((key == "code" || key == "type") && reader_->peek() == Kind::string) {
            read_text(text_);
            complaint_->code += text_ + ' ';
        } else if (key == "code" && reader_->peek() == Kind::number) {
            std::int64_t code = 0;
            read_count(code);
            complaint_->code += std::to_string(code) + ' ';
        } else {
            reader_->skip();
        }
    }
}

bool OpenAiStream::read_text(std::string& out) {
    if (reader_->peek() == Kind::string) return reader_->string(out);
    out.clear();
    reader_->skip();
    return false;
}

}  // namespace enough
