#include <enough/sqlite/database.hpp>

#include "support/temporary_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace enough {
namespace {

using namespace std::chrono_literals;
using test::TemporaryFolder;
using testing::HasSubstr;
using testing::ThrowsMessage;

std::int64_t count(SqliteDatabase& database) {
    auto statement = database.prepare("SELECT count(*) FROM words");
    statement.step();
    return statement.number(0);
}

struct Fixture {
    Fixture() { database.execute("CREATE TABLE words (word TEXT, number INTEGER)"); }

    TemporaryFolder folder;
    std::string file = folder.file("test.db");
    SqliteDatabase database{file};
};

TEST(SqliteDatabase, GivesBackWhatItWasGiven) {
    Fixture fixture;
    const std::string bytes("a\0b\xff", 4);
    auto insert = fixture.database.prepare("INSERT INTO words VALUES (?, ?)");
    insert.bind(1, bytes).bind(2, std::int64_t{1} << 60);
    EXPECT_FALSE(insert.step());
    EXPECT_EQ(fixture.database.changes(), 1);
    insert.bind(1, "second").bind_null(2);
    EXPECT_FALSE(insert.step()) << "a statement that is done can be run again";
    auto select = fixture.database.prepare("SELECT word, number FROM words ORDER BY rowid");
    ASSERT_TRUE(select.step());
    EXPECT_EQ(select.text(0), bytes);
    EXPECT_EQ(select.number(1), std::int64_t{1} << 60);
    ASSERT_TRUE(select.step());
    EXPECT_TRUE(select.is_null(1));
    EXPECT_FALSE(select.step());
}

TEST(SqliteDatabase, KeepsWhatWasWrittenForTheNextToOpenIt) {
    TemporaryFolder folder;
    const auto file = folder.file("test.db");
    {
        SqliteDatabase first(file);
        first.execute("CREATE TABLE words (word TEXT); INSERT INTO words VALUES ('a')");
    }
    SqliteDatabase second(file);
    EXPECT_EQ(count(second), 1);
}

TEST(SqliteDatabase, UndoesWhatIsNotCommitted) {
    Fixture fixture;
    {
        SqliteTransaction transaction(fixture.database);
        fixture.database.execute("INSERT INTO words VALUES ('a', 1)");
    }
    EXPECT_EQ(count(fixture.database), 0);
    SqliteTransaction transaction(fixture.database);
    fixture.database.execute("INSERT INTO words VALUES ('a', 1)");
    transaction.commit();
    EXPECT_EQ(count(fixture.database), 1);
}

TEST(SqliteDatabase, ReadersDoNotWaitForAWriter) {
    Fixture fixture;
    SqliteDatabase other(fixture.file, {.busy_timeout = 0ms});
    SqliteTransaction writing(fixture.database);
    fixture.database.execute("INSERT INTO words VALUES ('a', 1)");
    EXPECT_EQ(count(other), 0) << "and see nothing half done";
}

TEST(SqliteDatabase, ASecondWriterGivesUpAfterItsTimeout) {
    Fixture fixture;
    SqliteDatabase other(fixture.file, {.busy_timeout = 1ms});
    SqliteTransaction writing(fixture.database);
    try {
        SqliteTransaction second(other);
        FAIL() << "two writers at once";
    } catch (const SqliteError& error) {
        EXPECT_TRUE(error.is_busy());
        EXPECT_THAT(error.what(), HasSubstr(fixture.file + ": database is locked"));
    }
}

TEST(SqliteDatabase, SaysWhatIsWrongWithAFile) {
    TemporaryFolder folder;
    const auto text = folder.file("text");
    std::ofstream(text) << std::string(4096, 'x');
    EXPECT_THAT([&] { SqliteDatabase database(text); }, ThrowsMessage<SqliteError>(text + " is no SQLite database"));
    EXPECT_THAT([&] { SqliteDatabase database(folder.file("no/such/folder.db")); },
                ThrowsMessage<SqliteError>(HasSubstr("unable to open database file")));
    EXPECT_THAT([&] { SqliteDatabase database(folder.path()); },
                ThrowsMessage<SqliteError>(HasSubstr("cannot open " + folder.path().string())));
}

TEST(SqliteDatabase, SaysWhatIsWrongWithAStatement) {
    Fixture fixture;
    EXPECT_THAT([&] { fixture.database.execute("SELEKT 1"); }, ThrowsMessage<SqliteError>(HasSubstr("syntax error")));
    EXPECT_THAT([&] { fixture.database.prepare("SELECT x FROM nowhere"); },
                ThrowsMessage<SqliteError>(HasSubstr("no such table: nowhere")));
    auto insert = fixture.database.prepare("INSERT INTO words VALUES (?, ?)");
    EXPECT_THROW(insert.bind(3, "there is no third"), SqliteError);
}

constexpr std::int32_t ours = 0x01020304;

TEST(SqliteDatabase, BecomesOneOfAKindOnce) {
    TemporaryFolder folder;
    const auto file = folder.file("test.db");
    std::vector<std::thread> threads;
    std::atomic<int> ready = 0;
    for (int thread = 0; thread < 4; ++thread) {
        threads.emplace_back([&] {
            SqliteDatabase database(file);
            database.become(ours, 2, "CREATE TABLE words (word TEXT)", "a list of words");
            database.execute("INSERT INTO words VALUES ('a')");
            ++ready;
        });
    }
    for (auto& thread : threads)
        thread.join();
    EXPECT_EQ(ready, 4);
    SqliteDatabase database(file);
    EXPECT_EQ(count(database), 4);
}

TEST(SqliteDatabase, RefusesToBecomeAnother) {
    TemporaryFolder folder;
    const auto become = [](const std::string& file, std::int32_t application, std::int32_t version) {
        SqliteDatabase database(file);
        database.become(application, version, "CREATE TABLE words (word TEXT)", "a list of words");
    };
    const auto known = folder.file("known.db");
    become(known, ours, 2);
    EXPECT_THAT([&] { become(known, ours + 1, 2); }, ThrowsMessage<std::runtime_error>(HasSubstr("something else")));
    EXPECT_THAT(
        [&] { become(known, ours, 3); },
        ThrowsMessage<std::runtime_error>(known + " is a list of words of version 2; this program knows version 3"));
    const auto foreign = folder.file("foreign.db");
    SqliteDatabase(foreign).execute("CREATE TABLE bookmarks (url TEXT)");
    EXPECT_THAT([&] { become(foreign, ours, 2); },
                ThrowsMessage<std::runtime_error>(foreign + " is a database of something else, not a list of words"));
}

}  // namespace
}  // namespace enough
