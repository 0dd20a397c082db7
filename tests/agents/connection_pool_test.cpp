#include "net/connection_pool.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace enough {
namespace {

using namespace std::chrono_literals;

/// A connection that notes when it is closed.
struct Fake {
    Fake(int n, std::vector<int>* c) : number(n), closed(c) {}
    ~Fake() { closed->push_back(number); }
    Fake(const Fake&) = delete;
    Fake& operator=(const Fake&) = delete;

    int number;
    std::vector<int>* closed;
};

using Pool = ConnectionPool<std::string, Fake>;
using Clock = Pool::Clock;

class ConnectionPoolTest : public testing::Test {
protected:
    void put(const std::string& key, int number, Clock::duration at = 0s) {
        pool.put(key, std::make_unique<Fake>(number, &closed), start + at);
    }

    /// Its number, or 0. The connection is closed right after.
    int take(const std::string& key, Clock::duration at = 0s) {
        const auto connection = pool.take(key, start + at);
        return connection ? connection->number : 0;
    }

    const Clock::time_point start{};
    std::vector<int> closed;
    Pool pool{2, 20s};
};

TEST_F(ConnectionPoolTest, HasNothingAtFirst) {
    EXPECT_EQ(take("a"), 0);
    EXPECT_EQ(pool.idle(), 0U);
}

TEST_F(ConnectionPoolTest, GivesTheYoungestOfTheSameKey) {
    put("a", 1);
    put("b", 2, 1s);
    put("a", 3, 2s);
    EXPECT_EQ(pool.idle(), 3U);
    EXPECT_EQ(take("a", 3s), 3);
    EXPECT_EQ(take("a", 3s), 1);
    EXPECT_EQ(take("a", 3s), 0);
    EXPECT_EQ(take("b", 3s), 2);
    EXPECT_EQ(pool.idle(), 0U);
}

TEST_F(ConnectionPoolTest, ClosesTheOldestAboveTheCapOfAKey) {
    put("a", 1);
    put("a", 2);
    put("b", 4);
    put("a", 3);
    EXPECT_EQ(closed, std::vector<int>{1});
    EXPECT_EQ(pool.idle(), 3U);
}

TEST_F(ConnectionPoolTest, ClosesWhatIsTooOldWhicheverKeyIsUsed) {
    put("a", 1, 0s);
    put("a", 2, 10s);
    EXPECT_EQ(take("b", 20s), 0);
    EXPECT_TRUE(closed.empty());
    put("b", 3, 20s + 1ms);
    EXPECT_EQ(closed, std::vector<int>{1});
    EXPECT_EQ(take("a", 31s), 0);
    EXPECT_EQ(closed, (std::vector<int>{1, 2}));
    EXPECT_EQ(pool.idle(), 1U);
}

TEST_F(ConnectionPoolTest, KeepsNothingWithACapOfNone) {
    Pool none(0, 20s);
    none.put("a", std::make_unique<Fake>(1, &closed), start);
    EXPECT_EQ(closed, std::vector<int>{1});
    EXPECT_EQ(none.take("a", start), nullptr);
}

}  // namespace
}  // namespace enough
