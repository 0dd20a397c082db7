#pragma once

#include <enough/agents/agent.hpp>
#include <enough/agents/cassette.hpp>
#include <enough/agents/settings.hpp>
#include <enough/sqlite/database.hpp>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace enough {

/// Answers of earlier calls in an SQLite file, each as a cassette's line. Several processes may use one file at once.
/// All members may be called from several threads; they block for as long as the file does.
class AnswerCache {
public:
    /// Opens the file or makes it. Throws `std::runtime_error` in words if it can't be used: no database, a database of
    /// something else, one of another version.
    explicit AnswerCache(const std::filesystem::path& file);

    /// Absent also if the file can't be read; then `error` says so.
    std::optional<RecordedCall> find(const std::string& key);

    /// Keeps the first answer to a key. A failed write does not fail the call.
    void keep(const std::string& key, const RecordedCall& call);

    /// What went wrong with the file since, in words; absent while all is well.
    std::optional<std::string> error() const;

    struct Counts {
        std::size_t hits = 0;
        std::size_t misses = 0;
    };
    Counts counts() const;

    static constexpr std::size_t longest_call = 64 * 1024 * 1024;  ///< bytes; a longer one is not kept

private:
    mutable std::mutex mutex_;
    std::string file_;
    SqliteDatabase database_;
    std::optional<SqliteStatement> find_;
    std::optional<SqliteStatement> keep_;
    Counts counts_;
    std::optional<std::string> error_;
};

/// What a model's answers depend on besides the request, in one text: provider, URL, the server's model, its interface,
/// what is added to the body; of a model file its path, size and age. Keys and headers are left out, so that no secret
/// leaves a trace; whoever changes headers that matter takes another file. Absent for scripted models, which are not
/// worth keeping.
std::optional<std::string> cache_identity(const ProviderSettings& settings);

/// An agent that knows what it was asked before. An equal request (same identity, messages, sampling, candidates asked
/// for, tools and `sample`) is answered from the cache, at once: the sink is shown what was shown then, evidence
/// included, nothing is sent and nothing used: `usage` is zero and `from_cache` set. `model` is what the kept calls are
/// named.
///
/// Kept are complete answers alone: no failures, nothing that the sink stopped, that the provider withheld, or that
/// lacks the evidence asked for.
std::unique_ptr<Agent> make_caching(std::unique_ptr<Agent> inner, std::string model, std::string identity,
                                    std::shared_ptr<AnswerCache> cache);

}  // namespace enough
