#pragma once

#include <enough/orchestrator/event.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace enough {

/// What the calls of one run have written so far, token by token with its entropy. For people who watch: it is no event
/// and decides nothing.
class RunText {
public:
    /// A token; or, of a call whose tokens come without evidence, a piece of text as it arrived.
    struct Piece {
        std::uint32_t end = 0;  ///< where its text ends in the call's; it begins where the one before ends
        float bits = 0;         ///< its entropy over all candidates that came with it; NaN: there is none
        Phase phase = Phase::answer;
    };
    struct Call {
        std::string text;  ///< whole UTF-8 characters: a piece that only begins one is empty, the next has all of it
        std::vector<Piece> pieces;
        std::string begun;             ///< of a character that is not complete
        std::uint32_t generation = 0;  ///< counts how often it began anew
        bool has_tokens = false;
        bool cut = false;  ///< what follows is not kept
    };
    static constexpr std::size_t most_bytes = 512 * 1024;  ///< that are kept of one run

    void on_delta(const CallDelta& delta);
    void on_token(CallId call, const Token& token);

    const std::map<CallId, Call>& calls() const { return calls_; }
    std::size_t bytes() const { return bytes_; }

private:
    void add(Call& call, std::string_view bytes, Phase phase, float bits);
    void begin_anew(Call& call);

    std::map<CallId, Call> calls_;
    std::size_t bytes_ = 0;
};

/// The texts of the latest runs; older ones are forgotten when there are too many of them or of their bytes.
class RunTexts {
public:
    static constexpr std::size_t most_bytes = 64 * 1024 * 1024;
    static constexpr std::size_t most_runs = 1'000;

    std::shared_ptr<RunText> open(const std::string& run_id);

    /// Null: there is none by that id, or it was too long ago.
    std::shared_ptr<const RunText> find(const std::string& run_id) const;

private:
    std::deque<std::pair<std::string, std::shared_ptr<RunText>>> texts_;  ///< the oldest first
};

}  // namespace enough
