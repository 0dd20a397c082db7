// The part of `OpenAiStream` that knows the shapes in which servers write the evidence.
#include "providers/openai_stream.hpp"

#include <fmt/format.h>

#include <limits>
#include <utility>

namespace enough {

namespace {

using Kind = JsonReader::Kind;

constexpr std::size_t nothing_sampled = std::numeric_limits<std::size_t>::max();
constexpr double no_logprob = std::numeric_limits<double>::quiet_NaN();

}  // namespace

void OpenAiStream::read_logprobs() {
    if (reader_->peek() == Kind::number) return read_lone_logprob();
    bool have_entries = false;
    LegacyLists legacy;
    for (JsonObject logprobs(*reader_); !halted() && logprobs.next();) {
        const auto key = logprobs.key();
        if (reader_->peek() != Kind::array) {
            reader_->skip();
        } else if (key == "content") {
            have_entries = read_entries(Phases::by_delta) || have_entries;
        } else if (key == "reasoning_content") {
            have_entries = read_entries(Phases::all_reasoning) || have_entries;
        } else if (key == "tokens") {
            read_legacy_tokens(legacy);
        } else if (key == "token_logprobs") {
            read_legacy_logprobs(legacy);
        } else if (key == "top_logprobs") {
            read_legacy_candidates(legacy);
        } else {
            reader_->skip();
        }
    }
    if (!halted() && !have_entries) take_legacy(std::move(legacy));
    if (!halted()) give_mixed();
}

// Together streams the logprob of the delta's token as a bare number: github.com/togethercomputer/openapi/pull/27
void OpenAiStream::read_lone_logprob() {
    token_.logprob = read_logprob();
    token_.bytes = delta_.content.empty() ? delta_.reasoning : delta_.content;
    token_.candidates.clear();
    if (!token_.bytes.empty()) take_token(Phases::by_delta);
    give_mixed();
}

void OpenAiStream::read_legacy_tokens(LegacyLists& legacy) {
    for (JsonArray tokens(*reader_); !halted() && tokens.next();)
        read_text(legacy.tokens.emplace_back());
}

void OpenAiStream::read_legacy_logprobs(LegacyLists& legacy) {
    for (JsonArray logprobs(*reader_); !halted() && logprobs.next();)
        legacy.logprobs.push_back(read_logprob());
}

// One object for each token, the candidates' texts its keys.
void OpenAiStream::read_legacy_candidates(LegacyLists& legacy) {
    for (JsonArray lists(*reader_); !halted() && lists.next();) {
        auto& candidates = legacy.candidates.emplace_back();
        if (reader_->peek() != Kind::object) {
            reader_->skip();
            continue;
        }
        for (JsonObject list(*reader_); !halted() && list.next();) {
            if (candidates.size() == limits_.max_candidates) return refuse_candidates();
            Candidate candidate;
            candidate.bytes = list.key();
            candidate.logprob = read_logprob();
            candidates.push_back(std::move(candidate));
        }
    }
}

// The lists run side by side; one that is short leaves the rest of the tokens without what it would have told.
void OpenAiStream::take_legacy(LegacyLists legacy) {
    for (std::size_t i = 0; i < legacy.tokens.size() && !halted(); ++i) {
        token_.bytes = std::move(legacy.tokens[i]);
        token_.logprob = i < legacy.logprobs.size() ? legacy.logprobs[i] : no_logprob;
        token_.candidates = i < legacy.candidates.size() ? std::move(legacy.candidates[i]) : std::vector<Candidate>();
        take_token(Phases::by_delta);
    }
}

bool OpenAiStream::read_entries(Phases phases) {
    bool any = false;
    for (JsonArray entries(*reader_); !halted() && entries.next();) {
        any = any || reader_->peek() == Kind::object;
        reader_->peek() == Kind::object ? read_entry(phases) : void(reader_->skip());
    }
    return any;
}

void OpenAiStream::read_entry(Phases phases) {
    token_text_.clear();
    token_.logprob = no_logprob;
    token_id_ = -1;
    sampled_ = nothing_sampled;
    bool have_bytes = false;
    bool have_candidates = false;
    for (JsonObject entry(*reader_); !halted() && entry.next();) {
        const auto key = entry.key();
        if (key == "token") {
            read_text(token_text_);
        } else if (key == "logprob") {
            token_.logprob = read_logprob();
        } else if (key == "bytes" && reader_->peek() == Kind::array) {
            have_bytes = reader_->byte_array(token_.bytes);
        } else if (key == "top_logprobs" && reader_->peek() == Kind::array) {
            read_candidates();
            have_candidates = true;
        } else if (key == "id") {
            read_count(token_id_);
        } else {
            reader_->skip();
        }
    }
    if (halted()) return;
    if (!have_bytes) token_.bytes = token_text_;
    if (!have_candidates) token_.candidates.clear();
    // llama.cpp gives the token that completes a character all of the character's bytes, but among the candidates its
    // own alone: tools/server, measured. What has the token's id is the token.
    if (have_candidates && sampled_ < token_.candidates.size()) token_.candidates[sampled_].bytes = token_.bytes;
    take_token(phases);
}

void OpenAiStream::read_candidates() {
    auto& candidates = token_.candidates;
    std::size_t count = 0;
    for (JsonArray list(*reader_); !halted() && list.next();) {
        if (reader_->peek() != Kind::object) {
            reader_->skip();
            continue;
        }
        if (count == limits_.max_candidates) return refuse_candidates();
        if (count == candidates.size()) candidates.emplace_back();
        if (read_candidate(candidates[count])) sampled_ = count;
        ++count;
    }
    candidates.resize(count);
}

void OpenAiStream::refuse_candidates() {
    refuse(FailureKind::bad_response, fmt::format("a token has more than {} candidates", limits_.max_candidates));
}

// True if its id is that of the sampled token.
bool OpenAiStream::read_candidate(Candidate& candidate) {
    candidate.logprob = no_logprob;
    text_.clear();
    bool have_bytes = false;
    std::int64_t id = -1;
    for (JsonObject object(*reader_); !halted() && object.next();) {
        const auto key = object.key();
        if (key == "token") {
            read_text(text_);
        } else if (key == "logprob") {
            candidate.logprob = read_logprob();
        } else if (key == "bytes" && reader_->peek() == Kind::array) {
            have_bytes = reader_->byte_array(candidate.bytes);
        } else if (key == "id") {
            read_count(id);
        } else {
            reader_->skip();
        }
    }
    if (!have_bytes) candidate.bytes = text_;
    return id >= 0 && id == token_id_;
}

double OpenAiStream::read_logprob() {
    double value = no_logprob;
    if (reader_->peek() == Kind::number) {
        reader_->number(value);
    } else {
        reader_->skip();
    }
    return value;
}

}  // namespace enough
