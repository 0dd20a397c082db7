#include <enough/agents/cache.hpp>

#include "cassette/call_json.hpp"

#include <nlohmann/json.hpp>

namespace enough {
namespace {

constexpr std::int32_t application = 0x656e6341;  // "encA"
constexpr std::int32_t version = 1;
constexpr const char* schema = "CREATE TABLE answers (key TEXT PRIMARY KEY, call TEXT NOT NULL) WITHOUT ROWID";

}  // namespace

AnswerCache::AnswerCache(const std::filesystem::path& file) : file_(file.string()), database_(file) {
    database_.become(application, version, schema, "a cache of enough");
    find_ = database_.prepare("SELECT call FROM answers WHERE key = ?");
    keep_ = database_.prepare("INSERT OR IGNORE INTO answers (key, call) VALUES (?, ?)");
}

std::optional<RecordedCall> AnswerCache::find(const std::string& key) {
    const std::lock_guard lock(mutex_);
    try {
        find_->bind(1, key);
        if (find_->step()) {
            const std::string line = find_->text(0);
            find_->reset();
            auto call = call_from_json(nlohmann::json::parse(line));
            ++counts_.hits;
            return call;
        }
    } catch (const std::exception& error) {
        if (!error_) error_ = "an answer could not be taken from " + file_ + ": " + error.what();
    }
    ++counts_.misses;
    return std::nullopt;
}

void AnswerCache::keep(const std::string& key, const RecordedCall& call) {
    const std::string line = call_line(call);
    if (line.size() > longest_call) return;
    const std::lock_guard lock(mutex_);
    try {
        keep_->bind(1, key).bind(2, line);
        keep_->step();
    } catch (const SqliteError& error) {
        if (!error_) error_ = "an answer could not be kept in " + file_ + ": " + error.what();
    }
}

std::optional<std::string> AnswerCache::error() const {
    const std::lock_guard lock(mutex_);
    return error_;
}

AnswerCache::Counts AnswerCache::counts() const {
    const std::lock_guard lock(mutex_);
    return counts_;
}

}  // namespace enough
