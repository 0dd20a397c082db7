#include "serve/run_text.hpp"

#include <enough/policies/token_entropy.hpp>

#include <algorithm>
#include <limits>

namespace enough {
namespace {

constexpr float unknown = std::numeric_limits<float>::quiet_NaN();

/// How much of it is whole characters, if it is UTF-8. What is none is left as it is.
std::size_t whole_characters(std::string_view bytes) {
    for (std::size_t back = 1; back <= std::min<std::size_t>(3, bytes.size()); ++back) {
        const auto byte = static_cast<unsigned char>(bytes[bytes.size() - back]);
        if ((byte & 0xC0U) == 0x80U) continue;  // inside a character
        const std::size_t length = byte >= 0xF0U ? 4 : byte >= 0xE0U ? 3 : byte >= 0xC0U ? 2 : 1;
        return length > back ? bytes.size() - back : bytes.size();
    }
    return bytes.size();
}

float entropy_of(const Token& token) {
    if (token.candidates.size() < 2) return unknown;
    const TokenEntropy measured = token_entropy(token.candidates, static_cast<int>(token.candidates.size()));
    return measured.missing ? unknown : static_cast<float>(measured.entropy);
}

}  // namespace

void RunText::on_delta(const CallDelta& delta) {
    Call& call = calls_[delta.call];
    if (delta.restart) return begin_anew(call);
    if (!call.has_tokens && !delta.text.empty()) add(call, delta.text, delta.phase, unknown);
}

void RunText::on_token(CallId id, const Token& token) {
    Call& call = calls_[id];
    // The same text has come, or will come, as a delta.
    if (!call.has_tokens && !call.pieces.empty()) begin_anew(call);
    call.has_tokens = true;
    add(call, token.bytes, token.phase, entropy_of(token));
}

void RunText::begin_anew(Call& call) {
    bytes_ -= call.text.size() + call.pieces.size() * sizeof(Piece);
    const std::uint32_t generation = call.generation + 1;
    call = Call();
    call.generation = generation;
}

void RunText::add(Call& call, std::string_view bytes, Phase phase, float bits) {
    if (call.cut || bytes_ + bytes.size() + sizeof(Piece) > most_bytes) {
        call.cut = true;
        return;
    }
    call.begun += bytes;
    const std::size_t whole = whole_characters(call.begun);
    call.text += call.begun.substr(0, whole);
    call.begun.erase(0, whole);
    call.pieces.push_back({static_cast<std::uint32_t>(call.text.size()), bits, phase});
    bytes_ += whole + sizeof(Piece);
}

std::shared_ptr<RunText> RunTexts::open(const std::string& run_id) {
    std::size_t kept = 0;
    for (const auto& [id, text] : texts_)
        kept += text->bytes();
    for (; !texts_.empty() && (kept > most_bytes || texts_.size() >= most_runs); texts_.pop_front())
        kept -= texts_.front().second->bytes();
    return texts_.emplace_back(run_id, std::make_shared<RunText>()).second;
}

std::shared_ptr<const RunText> RunTexts::find(const std::string& run_id) const {
    const auto found =
        std::find_if(texts_.rbegin(), texts_.rend(), [&](const auto& each) { return each.first == run_id; });
    return found == texts_.rend() ? nullptr : found->second;
}

}  // namespace enough
