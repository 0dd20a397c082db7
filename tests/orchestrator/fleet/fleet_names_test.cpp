#include "fleet/fleet_names.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>

namespace enough::fleet {
namespace {

TEST(FleetNames, OfABatch) {
    EXPECT_EQ(jobs_stream("0a1b"), "ENOUGH_JOBS_0a1b");
    EXPECT_EQ(runs_bucket("0a1b"), "enough_runs_0a1b");
    EXPECT_EQ(results_bucket("0a1b"), "enough_results_0a1b");
    EXPECT_EQ(beat_subject("0a1b"), "enough.beat.0a1b");
    EXPECT_EQ(batch_of_beat("enough.beat.0a1b"), "0a1b");
}

TEST(FleetNames, AJobNamesItsModelsItsBatchAndItsItem) {
    EXPECT_EQ(job_subject({"large", "small"}, "0a1b", 7),
              "enough.jobs." + models_token({"large", "small"}) + ".0a1b.7");
    EXPECT_EQ(job_subject({"m"}, "0a1b"), "enough.jobs.m.0a1b.*");
}

TEST(FleetNames, ModelsAreOneTokenWhateverTheyAreCalled) {
    const std::string token = models_token({"sub/workflow small", "a.b", "*", ">"});
    EXPECT_EQ(token.find_first_of(" .*>"), std::string::npos) << token;
    EXPECT_NE(models_token({"a", "b"}), models_token({"ab"}));
}

TEST(FleetNames, WasteIsNoItem) {
    EXPECT_TRUE(is_waste(waste_key(7, "host-1", 2)));
    EXPECT_FALSE(item_of_key(waste_key(7, "host-1", 2)));
    EXPECT_FALSE(is_waste(item_key(7)));
}

TEST(FleetNames, WhatIsNoItemIsNone) {
    for (const char* key : {"", "0", "-1", "1x", " 1", "99999999999999999999", "waste"})
        EXPECT_FALSE(item_of_key(key)) << key;
    EXPECT_FALSE(number_of("enough.jobs.m.0a1b."));
    EXPECT_FALSE(number_of(""));
}

RC_GTEST_PROP(FleetNames, AnItemIsFoundByItsNames, ()) {
    const auto item = *rc::gen::inRange<std::int64_t>(1, std::numeric_limits<std::int64_t>::max());
    RC_ASSERT(item_of_key(item_key(item)) == item);
    RC_ASSERT(number_of(job_subject({"m"}, "b", item)) == item);
}

}  // namespace
}  // namespace enough::fleet
