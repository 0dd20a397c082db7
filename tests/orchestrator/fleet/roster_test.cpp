#include "fleet/roster.hpp"

#include <gmock/gmock.h>

namespace enough::fleet {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Roster::Clock::time_point start{};

News of(const std::string& worker) {
    return {worker, 4, 0, "", false};
}

TEST(Roster, ListsWhoServesInAnOrderOfItsOwn) {
    Roster roster(seconds(7));
    EXPECT_TRUE(roster.empty());
    EXPECT_THAT(*roster.hear(of("b"), start), HasSubstr("worker b serves this batch (4 at once)"));
    EXPECT_THAT(*roster.hear(of("a"), start), HasSubstr("worker a"));
    EXPECT_FALSE(roster.hear(of("b"), start)) << "told once";
    EXPECT_THAT(roster.workers(), ElementsAre("a", "b"));
}

TEST(Roster, ForgetsTheSilent) {
    Roster roster(seconds(7));
    roster.hear(of("a"), start);
    roster.hear(of("b"), start + seconds(5));
    EXPECT_THAT(roster.forget_silent(start + seconds(7)), IsEmpty());
    EXPECT_THAT(roster.forget_silent(start + seconds(8)), ElementsAre("a"));
    EXPECT_THAT(roster.workers(), ElementsAre("b"));
    EXPECT_TRUE(roster.hear(of("a"), start + seconds(9))) << "it is new again";
}

TEST(Roster, LosesWhoLeaves) {
    Roster roster(seconds(7));
    roster.hear(of("a"), start);
    News leaving = of("a");
    leaving.leaving = true;
    EXPECT_THAT(*roster.hear(leaving, start), HasSubstr("worker a has left"));
    EXPECT_FALSE(roster.hear(leaving, start));
    EXPECT_TRUE(roster.empty());
}

TEST(Roster, WhoRefusesDoesNotServe) {
    Roster roster(seconds(7));
    News refusal = of("a");
    refusal.refusal = "no such file";
    EXPECT_EQ(roster.hear(refusal, start), "worker a does not serve this batch: no such file");
    EXPECT_FALSE(roster.hear(refusal, start)) << "told once";
    EXPECT_TRUE(roster.empty());
}

}  // namespace
}  // namespace enough::fleet
