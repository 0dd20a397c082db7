#include <enough/sqlite/database.hpp>

#include <sqlite3.h>

#include <limits>

namespace enough {
namespace {

constexpr int most_tries = 200;
constexpr int between_tries_ms = 25;

std::string words(const std::string& file, const char* doing, sqlite3* database, int code) {
    if (code == SQLITE_NOTADB) return file + " is no SQLite database";
    if (code == SQLITE_CORRUPT) return file + " is damaged; move it away and start anew";
    const char* why = database != nullptr ? sqlite3_errmsg(database) : sqlite3_errstr(code);
    return "cannot " + std::string(doing) + " " + file + ": " + why;
}

[[noreturn]] void refuse(const std::string& file, const char* doing, sqlite3* database, int code) {
    throw SqliteError(words(file, doing, database, code & 0xff), code & 0xff);
}

std::shared_ptr<sqlite3> open(const std::string& file) {
    sqlite3* raw = nullptr;
    const int code =
        sqlite3_open_v2(file.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
    std::shared_ptr<sqlite3> database(raw, sqlite3_close_v2);
    if (code != SQLITE_OK) refuse(file, "open", raw, code);
    return database;
}

std::int64_t number_of(SqliteDatabase& database, const char* pragma) {
    auto statement = database.prepare(pragma);
    const bool row = statement.step();
    return row ? statement.number(0) : 0;
}

}  // namespace

bool SqliteError::is_busy() const {
    return code_ == SQLITE_BUSY || code_ == SQLITE_LOCKED;
}

bool SqliteError::is_not_a_database() const {
    return code_ == SQLITE_NOTADB || code_ == SQLITE_CORRUPT;
}

SqliteStatement::SqliteStatement(std::shared_ptr<sqlite3> database, std::string file, std::string_view sql)
    : database_(std::move(database)), file_(std::move(file)), statement_(nullptr, sqlite3_finalize) {
    sqlite3_stmt* raw = nullptr;
    const int code = sqlite3_prepare_v2(database_.get(), sql.data(), static_cast<int>(sql.size()), &raw, nullptr);
    statement_.reset(raw);
    if (code != SQLITE_OK) fail("read");
}

void SqliteStatement::fail(const char* doing) const {
    refuse(file_, doing, database_.get(), sqlite3_extended_errcode(database_.get()));
}

SqliteStatement& SqliteStatement::bind(int parameter, std::string_view text) {
    if (sqlite3_bind_text64(statement_.get(), parameter, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8) !=
        SQLITE_OK)
        fail("write");
    return *this;
}

SqliteStatement& SqliteStatement::bind(int parameter, std::int64_t number) {
    if (sqlite3_bind_int64(statement_.get(), parameter, number) != SQLITE_OK) fail("write");
    return *this;
}

SqliteStatement& SqliteStatement::bind_null(int parameter) {
    if (sqlite3_bind_null(statement_.get(), parameter) != SQLITE_OK) fail("write");
    return *this;
}

bool SqliteStatement::step() {
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_ROW) return true;
    if (code != SQLITE_DONE) {
        const int extended = sqlite3_extended_errcode(database_.get());
        const auto message = words(file_, "use", database_.get(), extended & 0xff);
        sqlite3_reset(statement_.get());  // or it would keep its locks
        throw SqliteError(message, extended & 0xff);
    }
    sqlite3_reset(statement_.get());
    return false;
}

void SqliteStatement::reset() {
    sqlite3_reset(statement_.get());
}

std::string SqliteStatement::text(int column) const {
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
    if (bytes == nullptr) return {};
    return std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column)));
}

std::int64_t SqliteStatement::number(int column) const {
    return sqlite3_column_int64(statement_.get(), column);
}

bool SqliteStatement::is_null(int column) const {
    return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

SqliteDatabase::SqliteDatabase(const std::filesystem::path& file, SqliteSettings settings)
    : file_(file.string()), database_(open(file_)) {
    sqlite3_busy_timeout(database_.get(), static_cast<int>(settings.busy_timeout.count()));
    // Turning the log on needs the file for itself for a moment, and does not wait for it (sqlite.org/wal.html,
    // "Sometimes Queries Return SQLITE_BUSY In WAL Mode").
    for (int tries = 1;; ++tries) {
        try {
            execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
            return;
        } catch (const SqliteError& error) {
            if (!error.is_busy() || tries == most_tries) throw;
        }
        sqlite3_sleep(between_tries_ms);
    }
}

void SqliteDatabase::execute(const std::string& sql) {
    const int code = sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) refuse(file_, "use", database_.get(), code);
}

SqliteStatement SqliteDatabase::prepare(std::string_view sql) {
    return SqliteStatement(database_, file_, sql);
}

std::int64_t SqliteDatabase::changes() const {
    return sqlite3_changes64(database_.get());
}

void SqliteDatabase::become(std::int32_t application, std::int32_t version, const std::string& schema,
                            const std::string& kind) {
    SqliteTransaction transaction(*this);
    const auto known = number_of(*this, "PRAGMA application_id");
    if (known == 0 && number_of(*this, "SELECT count(*) FROM sqlite_schema") == 0) {
        execute("PRAGMA application_id = " + std::to_string(application));
        execute("PRAGMA user_version = " + std::to_string(version));
        execute(schema);
        return transaction.commit();
    }
    if (known != application) throw std::runtime_error(file_ + " is a database of something else, not " + kind);
    const auto found = number_of(*this, "PRAGMA user_version");
    if (found != version)
        throw std::runtime_error(file_ + " is " + kind + " of version " + std::to_string(found) +
                                 "; this program knows version " + std::to_string(version));
}

SqliteTransaction::SqliteTransaction(SqliteDatabase& database) : database_(database) {
    database_.execute("BEGIN IMMEDIATE");
}

SqliteTransaction::~SqliteTransaction() {
    if (open_) sqlite3_exec(database_.database_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void SqliteTransaction::commit() {
    database_.execute("COMMIT");
    open_ = false;
}

}  // namespace enough
