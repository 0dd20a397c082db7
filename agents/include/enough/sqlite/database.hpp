#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace enough {

/// What SQLite refused to do, in words that name the file. `code()` is SQLite's primary result code.
class SqliteError : public std::runtime_error {
public:
    SqliteError(const std::string& message, int code) : std::runtime_error(message), code_(code) {}
    int code() const { return code_; }
    bool is_busy() const;            ///< somebody else held a lock for longer than the busy timeout
    bool is_not_a_database() const;  ///< the file is something else, or damaged

private:
    int code_;
};

struct SqliteSettings {
    std::chrono::milliseconds busy_timeout{10'000};  ///< how long another's lock is waited for; blocks the thread
};

class SqliteDatabase;

/// A prepared statement. Parameters and columns count as in SQLite: parameters from 1, columns from 0. Must not be used
/// from two threads at once; keeps its database open.
class SqliteStatement {
public:
    SqliteStatement& bind(int parameter, std::string_view text);
    SqliteStatement& bind(int parameter, std::int64_t number);
    SqliteStatement& bind_null(int parameter);

    /// True: there is a row. False: done, and the statement is ready to be run again with the same parameters.
    bool step();
    void reset();  ///< gives up the rows that are left

    std::string text(int column) const;  ///< bytes as they are; empty for null
    std::int64_t number(int column) const;
    bool is_null(int column) const;

private:
    friend class SqliteDatabase;
    SqliteStatement(std::shared_ptr<sqlite3> database, std::string file, std::string_view sql);

    [[noreturn]] void fail(const char* doing) const;

    std::shared_ptr<sqlite3> database_;
    std::string file_;
    std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement_;
};

/// An SQLite database file, opened for reading and writing and made if it is not there, with a write-ahead log: readers
/// and one writer at a time do not wait for each other, in this process or another. All that fails throws
/// `SqliteError`.
///
/// One thread at a time.
class SqliteDatabase {
public:
    explicit SqliteDatabase(const std::filesystem::path& file, SqliteSettings settings = {});

    /// Runs statements whose rows nobody wants.
    void execute(const std::string& sql);
    SqliteStatement prepare(std::string_view sql);

    std::int64_t changes() const;  ///< rows that the last insert, update or delete touched

    /// Makes this file one of a kind, or says that it is another's. A new, empty file gets `application` and `version`
    /// (SQLite's `application_id` and `user_version`), and `schema` is run; done by one process if several come at
    /// once. Throws `std::runtime_error` naming `kind` for a database of something else or of another version.
    void become(std::int32_t application, std::int32_t version, const std::string& schema, const std::string& kind);

private:
    friend class SqliteTransaction;

    std::string file_;
    std::shared_ptr<sqlite3> database_;
};

/// Writes that happen together or not at all: what is not committed is undone when this goes. Takes the lock for
/// writing at once, so that a later statement can't find it taken.
class SqliteTransaction {
public:
    explicit SqliteTransaction(SqliteDatabase& database);
    ~SqliteTransaction();
    SqliteTransaction(const SqliteTransaction&) = delete;
    SqliteTransaction& operator=(const SqliteTransaction&) = delete;

    void commit();

private:
    SqliteDatabase& database_;
    bool open_ = true;
};

}  // namespace enough
