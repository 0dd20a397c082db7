#pragma once

#include <enough/agents/agent.hpp>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <istream>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

namespace enough {

/// Text as a sink was shown it.
struct ShownText {
    Phase phase = Phase::answer;
    std::string text;

    bool operator==(const ShownText&) const = default;
};

/// The call started over; what came before belongs to no answer.
struct Restart {
    bool operator==(const Restart&) const = default;
};

/// What a sink is told, in one value.
using StreamEvent = std::variant<Token, ShownText, Restart>;

/// One call as it was made and answered: what was asked, all that its sink was told, in order, and how it ended.
struct RecordedCall {
    std::string model;  ///< its name in the workflow's `models:`
    std::vector<Message> messages;
    Sampling sampling;
    int top_logprobs = 0;  ///< candidates asked for; 0 = no evidence was asked for
    std::vector<ToolSpec> tools;
    bool tools_forbidden = false;
    std::vector<StreamEvent> stream;
    Result<Answer> outcome = Answer();
};

/// Recorded calls in memory. A recording fits a request if model, messages, all of the sampling and the tools are
/// equal, and it was asked for at least as many candidates. All members may be called from several threads.
class Tape {
public:
    using Recording = std::shared_ptr<const RecordedCall>;

    /// Puts a call at the tape's end; returns it as it now stands there.
    Recording add(RecordedCall call);

    /// The first recording that fits and is not among `used`; null if there is none. Whoever asks, marks what it gets
    /// as used: the n-th equal request of one pass over the tape gets the n-th recording.
    Recording find(std::string_view model, const Request& request,
                   const std::unordered_set<const RecordedCall*>& used) const;

    /// In words, for a request that `find` has nothing for: how the nearest recording differs. One line of at most
    /// 2,000 bytes; it quotes a few words of both prompts where these begin to differ.
    std::string nearest(std::string_view model, const Request& request) const;

    std::vector<Recording> calls() const;  ///< in the order in which they were added
    std::size_t size() const;

    /// When it was recorded, as its file says; empty if it does not.
    const std::string& created() const { return created_; }
    void set_created(std::string created) { created_ = std::move(created); }

private:
    using Group = std::vector<Recording>;  // of equal requests

    const Group* group(std::string_view model, const Request& request) const;

    mutable std::mutex mutex_;
    std::string created_;
    std::vector<Recording> calls_;
    std::unordered_map<std::size_t, std::vector<Group>> groups_;  // by the request's hash
};

/// Writes calls to a file as JSON lines: a header, then a line for each call, flushed, so that a killed run leaves
/// everything but at most its last line. docs/cassettes.md describes the format. All members may be called from several
/// threads.
///
/// Nothing is lost: bytes that are no UTF-8 are written as a list of numbers from 0 to 255 in place of a string, and a
/// number that is not finite as null (NaN), "inf" or "-inf".
class CassetteWriter {
public:
    /// Replaces the file. Throws `std::runtime_error` if it can't be written.
    /// `created` (RFC 3339) is kept in the header.
    explicit CassetteWriter(const std::filesystem::path& file, const std::string& created = {});

    void write(const RecordedCall& call);

    /// What went wrong with writing since, in words; absent while all is well. A failed write does not fail the call.
    std::optional<std::string> error() const;

private:
    std::filesystem::path file_;
    mutable std::mutex mutex_;
    std::ofstream out_;
};

inline constexpr std::size_t longest_cassette_line = 256 * 1024 * 1024;

/// Reads a cassette. A torn last line (the writer was killed) is dropped; anything else that is no recorded call, a
/// field that is missing, unknown or of another type, another version of the format and a line longer than
/// `longest_line` bytes throw `std::invalid_argument` naming the line.
std::shared_ptr<Tape> read_cassette(std::istream& in, std::size_t longest_line = longest_cassette_line);

/// The same for a file; names it in what it throws. Throws `std::runtime_error` if it can't be read.
std::shared_ptr<Tape> read_cassette(const std::filesystem::path& file);

}  // namespace enough
